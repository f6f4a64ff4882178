"""Table libraries, one a file, found by the file's name (or by the entry point ``mlops_lite.frames``).

A library's file offers three functions and imports the library only inside them:

``recognises(value) -> bool``
    Whether a value is a table of this library. Asks ``sys.modules``; never imports the library to find out.
``to_arrow(value, whole) -> pyarrow.Table``
    The table; with everything that rebuilds the value exactly where ``whole`` (kept in the schema's metadata under
    ``b"mlops_lite"``). Refuses what Arrow cannot hold faithfully, naming the column.
``from_arrow(table) -> value``
    The value again.
"""
