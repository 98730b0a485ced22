"""Metrics of pairs: how far each prediction is from its own target."""

from .compare import IMAGE_METRICS, PAIRED, compare_pairs
from .folders import compare_folders
from .lpips import perceptual_distance, published_weights
from .psnr import psnr
from .segmentation import mean_dice, mean_iou, pixel_accuracy
from .ssim import ms_ssim, ssim

__all__ = ["IMAGE_METRICS", "PAIRED", "compare_folders", "compare_pairs", "mean_dice", "mean_iou", "ms_ssim",
           "perceptual_distance", "pixel_accuracy", "psnr", "published_weights", "ssim"]
