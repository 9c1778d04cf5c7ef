"""Choose the source of images for a path."""

from __future__ import annotations

from pathlib import Path

from facesnap_cli.archives.images.directory import ImageDirectory
from facesnap_cli.archives.images.image import ImageSource
from facesnap_cli.archives.images.manifest import ImageManifest
from facesnap_cli.common.errors import UsageError


def image_source(path: Path) -> ImageSource:
    """Return the images of a directory or a manifest. Raises UsageError, which names the wrong line."""
    if path.is_dir():
        return ImageDirectory(path)
    if path.suffix.lower() == ".csv":
        return ImageManifest.read(path)
    raise UsageError(f"{path}: neither a directory nor a manifest (FILE.csv)")
