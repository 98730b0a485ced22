"""TensorBoard events of a run, written where the extra is installed."""

import importlib.util
import os
import time
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from ..core import UsageError, ZerosumError
from ..engine import explain

EVERY = 10.0                                 # seconds between writes


def available() -> bool:
    """Whether the extra is installed; nothing is imported."""
    return importlib.util.find_spec("tensorboard") is not None


class Events:
    """Writes one events file into a folder; TensorBoard reads all that lie there as one run.

    What is reported waits in memory and is written every ten seconds: nothing of TensorBoard is imported before the
    first write, and neither TensorFlow nor `torch.utils.tensorboard` ever is. Raises UsageError without the extra.
    """

    def __init__(self, folder: Path):
        if not available():
            raise UsageError("TensorBoard events need an extra: pip install 'zerosum[tensorboard]'")
        # The process number keeps two writers of one second apart.
        self.path = Path(folder) / f"events.out.tfevents.{int(time.time()):010d}.{os.getpid()}.zerosum"
        self._waiting: list[tuple[float, int, dict[str, float], bytes]] = []
        self._writer: Any = None
        self._due = time.monotonic() + EVERY

    def scalars(self, step: int, terms: Mapping[str, float]) -> None:
        """Report numbers by name; `player/term` makes one group of charts for each player."""
        self._add(step, dict(terms), b"")

    def image(self, step: int, picture: Image.Image) -> None:
        """Report a picture of samples."""
        file = BytesIO()
        picture.save(file, "PNG")
        self._add(step, {}, file.getvalue())

    def _add(self, step: int, terms: dict[str, float], png: bytes) -> None:
        self._waiting.append((time.time(), step, terms, png))
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Write what waits; raises ZerosumError for a full disk."""
        self._due = time.monotonic() + EVERY
        if self._waiting:
            try:
                self._write_waiting()
            except OSError as error:
                raise ZerosumError(explain(error, self.path)) from error

    def _write_waiting(self) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        for when, step, terms, png in self._waiting:
            values = [Summary.Value(tag=name, simple_value=value) for name, value in terms.items()]
            if png:
                values.append(Summary.Value(tag="samples", image=_image(png)))
            self._write(when, step, summary=Summary(value=values))
        self._waiting.clear()
        self._writer.flush()

    def _write(self, when: float, step: int, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        if self._writer is None:
            from tensorboard.summary.writer.record_writer import RecordWriter

            self._writer = RecordWriter(open(self.path, "wb"))    # noqa: SIM115 (closed by close)
            self._writer.write(Event(wall_time=when, file_version="brain.Event:2").SerializeToString())
            # A resumed run repeats steps that a killed one had reported: this tells TensorBoard to drop those.
            self._writer.write(Event(wall_time=when, step=step,
                                     session_log=SessionLog(status=SessionLog.START)).SerializeToString())
        self._writer.write(Event(wall_time=when, step=step, **content).SerializeToString())

    def close(self) -> None:
        """Write what waits and close the file."""
        self.flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _image(png: bytes) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    with Image.open(BytesIO(png)) as picture:
        width, height = picture.size
        return Summary.Image(height=height, width=width, colorspace=len(picture.getbands()), encoded_image_string=png)
