"""The command `zerosum`."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from ..version import __version__

# command -> (module that holds its function, `list` as `list_command`; what it does)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("train", "train the default model on real digits, and show where everything is"),
    "list": ("catalogue", "every system: name, family, paper, tasks, whether its claim holds"),
    "show": ("catalogue", "one system: card, settings, who moves when, its measured claim"),
    "train": ("train", "train a model into a new run folder"),
    "resume": ("train", "go on with a run, bit for bit"),
    "sample": ("sample", "draw samples from a run"),
    "interpolate": ("latent", "walk through the latent space of a run"),
    "directions": ("latent", "find directions in it along which samples change"),
    "traverse": ("latent", "change one thing at a time, along such directions"),
    "truncate": ("mixing", "draw the same samples with less and more noise"),
    "mix": ("mixing", "put one part of a sample into another: its label, a code, its style"),
    "arithmetic": ("mixing", "add and subtract latents and directions"),
    "invert": ("invert", "find the latents that make given photographs"),
    "edit": ("edit", "draw on a sample or an inverted photograph, which then follows"),
    "drag": ("drag", "pull points of a sample to where they shall be"),
    "evaluate": ("evaluate", "measure a run, or one folder of images against another"),
    "features": ("features", "make the features of real data once, and store them"),
    "compare": ("compare", "measure runs alike, and say which differences are more than chance"),
    "doctor": ("doctor", "say what is wrong with a training, and what to try"),
    "import": ("convert", "make a run of official weights, without running anything in their file"),
    "export": ("convert", "write a run's generator as ONNX, safetensors or a torch.export program"),
    "report": ("evaluate", "write a run's report.html anew"),
    "study": ("study", "compare systems fairly: hyper-parameters x seeds at equal budgets"),
    "verify": ("verify", "measure a paper's claim against its baseline"),
    "data": ("data", "list, show or prepare data"),
}


def usage() -> str:
    """The text of `zerosum --help`."""
    lines = [f"zerosum {__version__}: train, sample, evaluate and compare generative adversarial networks", "",
             "usage: zerosum COMMAND [ARGUMENTS]      (zerosum COMMAND --help explains one)", ""]
    return "\n".join(lines + [f"  {name:<12} {what}" for name, (_, what) in COMMANDS.items()])


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status: 0 done, 1 the work failed, 2 wrong use, 128 + n after signal n."""
    words = list(sys.argv[1:] if words is None else words)
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if words[0] in ("-V", "--version"):
        print(__version__)
        return 0
    # Threads that wait spin briefly, then sleep: spinning on makes a busy machine many times slower, and never spinning
    # costs a fifth of the rate of an idle one.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    try:
        try:
            with _plain_messages():
                status = dispatch(words)
        except SystemExit as done:            # argparse leaves so after --help
            status = int(done.code or 0)
        sys.stdout.flush()                    # a reader that has left is noticed here, not at the interpreter's end
        return status
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in words:
            raise
        return report(error)


def dispatch(words: list[str]) -> int:
    """Find the command and run it; an unknown one raises UsageError naming the nearest."""
    if words[0] not in COMMANDS:
        from ..core import unknown

        raise unknown("command", words[0], COMMANDS)
    module = import_module(f".{COMMANDS[words[0]][0]}", __name__)
    command: Callable[[list[str]], int] = getattr(module, f"{words[0]}_command")
    return command(words[1:])


def report(error: BaseException) -> int:
    """Say in one line what went wrong; returns the exit status."""
    from ..core import ZerosumError

    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())    # a reader such as `head` has seen enough
        return 141
    if isinstance(error, KeyboardInterrupt):
        print("zerosum: interrupted", file=sys.stderr)
        return 130
    if isinstance(error, ZerosumError):
        print(f"zerosum: {error}", file=sys.stderr)
        return error.exit_status
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if isinstance(error, MemoryError) or "out of memory" in first.lower() or "can't allocate memory" in first:
        print("zerosum: out of memory: try a smaller --micro-batch (the result stays the same), --batch-size or "
              "--image-size", file=sys.stderr)
    else:
        kind = "" if isinstance(error, (OSError, RuntimeError)) else f"{type(error).__name__}: "
        print(f"zerosum: {kind}{first} (--debug shows where)", file=sys.stderr)
    return 1


@contextlib.contextmanager
def _plain_messages() -> Iterator[None]:
    """What the library has to say, on stderr, a line each; afterwards logs and warnings are as they were."""
    log, handler = logging.getLogger("zerosum"), logging.StreamHandler()
    level, propagate, formatwarning = log.level, log.propagate, warnings.formatwarning
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate, warnings.formatwarning = propagate, formatwarning
