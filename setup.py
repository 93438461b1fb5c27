"""Puts the gold sets and their texts into the wheel, inside the package that looks for them there.

All else is in pyproject.toml. An editable install finds both folders in the checkout.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithGold(build_py):
    """Modules and package data, as ever; then `goldsets/` and `seeds/`."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for folder in ("goldsets", "seeds"):
            place = Path(self.build_lib, "harness", folder)
            shutil.rmtree(place, ignore_errors=True)  # an earlier build may have had more files
            shutil.copytree(folder, place, ignore=shutil.ignore_patterns(".*"))


setup(cmdclass={"build_py": WithGold})
