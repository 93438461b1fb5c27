"""Puts the gold sets and their texts into the wheel, inside the package that looks for them there.

All else is in pyproject.toml. An editable install finds both folders in the checkout.
"""

from setuptools import setup
from setuptools.command.build_py import build_py


class WithGold(build_py):
    """Modules and package data, as ever; then `goldsets/` and `seeds/`."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for folder in ("goldsets", "seeds"):
                self.copy_tree(folder, f"{self.build_lib}/harness/{folder}")


setup(cmdclass={"build_py": WithGold})
