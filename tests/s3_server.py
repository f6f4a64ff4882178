"""An S3 server of moto's whose writes are atomic: ``python tests/s3_server.py PORT``.

S3 promises that of many who create one key with ``If-None-Match: *`` one wins. moto looks for the key and then sets it,
with nothing between two of its threads, so under load two creators win now and then. That is a fault of the emulator
and not of what is tested here: this server handles one writing request at a time, and any number of reading ones.
"""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

WRITES = ("PUT", "POST", "DELETE")


class OneWriteAtATime:
    """A WSGI application behind a lock that only writing requests take."""

    def __init__(self, application):
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] not in WRITES:
            return self._application(environ, start_response)
        with self._lock:
            return self._application(environ, start_response)


if __name__ == "__main__":
    application = OneWriteAtATime(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True, request_handler=MotoRequestHandler)
