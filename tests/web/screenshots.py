"""Take the pictures of `docs/screenshots` anew, in Debian's Chromium.

python -m tests.web.screenshots
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import ROOT
from tests.web.served import log_in, serving

PLACE = ROOT / "docs" / "screenshots"
CUSTOMER = "/customers/tidewheel"
WIDE, PHONE = (1280, 900), (390, 844)
PICTURES = (
    ("my-day", "/", "en", "light", WIDE),
    ("customer", CUSTOMER, "en", "light", WIDE),
    ("customer-phone", CUSTOMER, "zh", "dark", PHONE),
    ("portfolio", "/portfolio", "zh", "light", WIDE),
)
"""Name, address, language, light or dark, and how large."""


def main() -> None:
    """Take all pictures."""
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, address, language, scheme, (width, height) in PICTURES:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale="zh-CN" if language == "zh" else "en-GB",
            )
            page = context.new_page()
            log_in(page, served, "manager")
            page.goto(served.address + address, wait_until="networkidle")
            page.screenshot(path=PLACE / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
