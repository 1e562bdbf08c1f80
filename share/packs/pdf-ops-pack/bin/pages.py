"""Pictures of the pages of a PDF, as one tar of PNG files that is the same for the same PDF.

    pages.py PDF TAR

pdftoppm draws at 72 dots an inch. Of a long document the first PAGES_MAX pages are drawn, and the tar ends with a file that says so.
"""
import io
import os
import subprocess
import sys
import tarfile
import tempfile

PAGES_MAX = 50
CUT = "These are the first %d pages; the document has more.\n" % PAGES_MAX


def put(tar, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o644
    tar.addfile(entry, io.BytesIO(content))


def main():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["pdftoppm", "-png", "-r", "72", "-l", str(PAGES_MAX + 1), sys.argv[1], os.path.join(directory, "page")],
                       check=True)
        names = sorted(os.listdir(directory))
        with tarfile.open(sys.argv[2], "w", format=tarfile.USTAR_FORMAT) as tar:
            for name in names[:PAGES_MAX]:
                with open(os.path.join(directory, name), "rb") as f:
                    put(tar, name, f.read())
            if len(names) > PAGES_MAX:
                put(tar, "there-are-more-pages.txt", CUT.encode())
                sys.stdout.write(CUT)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as e:
        sys.exit("pages.py: pdftoppm ended with %d" % e.returncode)
