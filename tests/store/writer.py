"""A process that writes until it is killed, and says on its output what was acknowledged."""

import os
import sys

from mlops_lite.store import Store


def main(url, writer, most):
    store = Store(url)
    log = store.log("dataset", "shared")
    own = store.log("model", f"own-{writer}")
    for number in range(int(most)):
        name = f"{writer}-{os.getpid()}-{number}"
        with store.objects.batch() as batch:
            digests = [batch.add(f"{name}-{part}".encode() * 50) for part in range(number % 20 + 1)]
        record = (log if number % 2 else own).append({"name": name}, action="snapshot", objects=digests)
        sys.stdout.write(f"{record.kind} {record.name} {record.number} {name}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
