"""Pictures of the pages of a PDF, as one tar of PNG files that is the same for the same PDF.

    pages.py PDF TAR

pdftoppm draws at 72 dots an inch. Of a long document the first pages are drawn.
"""
import io
import os
import subprocess
import sys
import tarfile
import tempfile

PAGES_MAX = 50


def main():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["pdftoppm", "-png", "-r", "72", "-l", str(PAGES_MAX), sys.argv[1], os.path.join(directory, "page")],
                       check=True)
        with tarfile.open(sys.argv[2], "w", format=tarfile.USTAR_FORMAT) as tar:
            for name in sorted(os.listdir(directory)):
                with open(os.path.join(directory, name), "rb") as f:
                    picture = f.read()
                entry = tarfile.TarInfo(name)
                entry.size = len(picture)
                entry.mode = 0o644
                tar.addfile(entry, io.BytesIO(picture))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as e:
        sys.exit("pages.py: pdftoppm ended with %d" % e.returncode)
