"""What goes into the root beside what import statements name, and what stays out although they name it."""

from __future__ import annotations

NAMED = (
    # what the interpreter starts with
    "site",
    "runpy",
    "warnings",
    "traceback",
    # by name: text and file names in requests, archives and pictures
    *(
        f"encodings.{name}"
        for name in ("ascii", "cp437", "cp1252", "idna", "latin_1", "punycode", "utf_8", "utf_8_sig")
    ),
    *(f"encodings.utf_{size}{order}" for size in (16, 32) for order in ("", "_le", "_be")),
    # from C, and not at once: time.strptime
    "_strptime",
)
"""Modules that no import statement and no extension module's start shows."""

LEFT_OUT = (
    # for who develops: tests, debuggers, documentation, building, an interactive prompt, a server that reloads
    "bdb",
    "curses",
    "distutils",
    "doctest",
    "lib2to3",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.testing",
    "pdb",
    "pydoc",
    "readline",
    "rlcompleter",
    "unittest",
    "flask.testing",
    "werkzeug._reloader",
    "werkzeug.debug",
    # for windows on a screen
    "PIL.ImageQt",
    "PIL.ImageShow",
    "PIL.ImageTk",
    "webbrowser",
    # formats and operations that no picture of a request needs, with large libraries of their own
    "PIL._avif",
    "PIL._imagingcms",
    "PIL._imagingft",
    # parts of NumPy that it imports when they are asked for
    "numpy.fft",
    "numpy.ma",
    "numpy.polynomial",
    "numpy.random",
    # what other modules do without: archives of these kinds, decimal numbers in Python, macOS's settings
    "_bz2",
    "_lzma",
    "_pydecimal",
    "bz2",
    "lzma",
    "plistlib",
    "statistics",
    "tarfile",
    # pools of processes
    "multiprocessing",
    # for who asks servers
    "firstserve.client",
    # clients of other protocols
    "ftplib",
    "smtplib",
    "xmlrpc",
    # which uuid does without
    "_uuid",
    # OpenSSL, which stand_ins/ssl.py does without
    "_hashlib",
    "_ssl",
    # Debian's settings of its own Python
    "sitecustomize",
)
"""Modules that are named and never run: what imports them does so within functions, or does without."""

FIRST_ANSWER = (
    "firstserve.cli",
    "firstserve.supervisor",
    "firstserve.config.command_line",
    "firstserve.config.flags",
    "firstserve.server",
    "firstserve.first_responder.first_model",
    "firstserve.first_responder.responder",
    "firstserve.image.classifier",
    "firstserve.listener",
    "firstserve.parent",
    "firstserve.runtimes.associated_file",
    "firstserve.runtimes.litert",
    "firstserve.runtimes.tensorflow",
    "PIL.JpegImagePlugin",
)
"""Modules that import, together, what the first answer to a photo needs."""
