"""What is wrong with a training, how one can tell, and what to try: from its log and a few looks at its samples."""

from .course import Course
from .illnesses import ILLNESSES, Diagnosis, Illness, diagnose
from .probe import Ground, Probe, Sight, features_of, mean_distance

__all__ = ["ILLNESSES", "Course", "Diagnosis", "Ground", "Illness", "Probe", "Sight", "diagnose", "features_of",
           "mean_distance"]
