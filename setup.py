"""One import package, `harness`, from `harness/`, `adapters/`, `goldsets/` and `seeds/`.

`adapters/` is installed as `harness.adapters`; gold sets and texts go where the package looks for
them. All else is in pyproject.toml. An editable install finds both folders in the checkout.
"""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
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


# Folders without an __init__.py are data (package-data); node_modules is not even that.
PACKAGES = {
    *find_packages(include=["harness", "harness.*"]),
    *(f"harness.{name}" for name in find_packages(include=["adapters", "adapters.*"])),
}

setup(cmdclass={"build_py": WithGold}, packages=sorted(PACKAGES))
