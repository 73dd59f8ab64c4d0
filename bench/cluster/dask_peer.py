"""A cluster of dask with two processes: answers each line "scenario size" with a time in microseconds."""

import os
import signal
import statistics
import sys
import tempfile
import time

from distributed import Client, LocalCluster


def square(x):
    return x * x


def same(value):
    return value


def dies_at_first(path):
    with open(path, "a") as file:
        file.write(f"{time.time()}\n")
    with open(path) as file:
        if len(file.readlines()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def timed(run):
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e6


def main():
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:

        def awaited(size):
            return statistics.median(
                timed(lambda: client.submit(square, x, pure=False).result()) for x in range(size)
            )

        def together(size):
            return timed(
                lambda: client.gather([client.submit(square, x, pure=False) for x in range(size)])
            )

        def mapped(size):
            # chunks, as pools make them: dask has a task for each item otherwise
            def squares(numbers):
                return [x * x for x in numbers]

            step = -(-size // 8)
            parts = [list(range(at, min(at + step, size))) for at in range(0, size, step)]
            return timed(lambda: client.gather(client.map(squares, parts, pure=False)))

        def there_and_back(size):
            data = bytearray(size)
            return timed(lambda: client.submit(same, data, pure=False).result())

        def killed(_size):
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "begun")
                client.submit(dies_at_first, path, pure=False).result()
                with open(path) as file:
                    first, second = map(float, file.readlines()[:2])
                return (second - first) * 1e6

        scenarios = {
            "awaited": awaited,
            "together": together,
            "map": mapped,
            "bytes": there_and_back,
            "killed": killed,
        }
        for line in sys.stdin:
            name, size = line.split()
            print(scenarios[name](int(size)), flush=True)


if __name__ == "__main__":
    main()
