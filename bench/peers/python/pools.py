"""The same scenarios with pools of Python: prints the result as a line of JSON.

    python3 pools.py versions
    python3 pools.py multiprocessing|joblib SCENARIO SIZE
"""

import json
import multiprocessing
import statistics
import sys
import time
from multiprocessing import shared_memory

try:
    import joblib
except ImportError:
    joblib = None

try:
    import numpy
except ImportError:
    numpy = None

WORKERS = 2
MAX_RUNS, MAX_RUNS_S = 7, 1.0
WORK = 500_000  # about 40 ms


def square(x):
    return x * x + 1


def integrand(x):
    return x * x - x


def same(value):
    return value


def same_shared(name):
    """Maps the memory, as the argument is only its name."""
    memory = shared_memory.SharedMemory(name)
    memory.close()
    return name


def work(iterations):
    start = time.perf_counter()
    total = 0.0
    for i in range(iterations):
        total += i * i - i
    return time.perf_counter() - start


class Multiprocessing:
    """multiprocessing.Pool"""

    def __init__(self):
        self.pool = multiprocessing.Pool(WORKERS)

    def call(self, function, arg):
        return self.pool.apply(function, (arg,))

    def together(self, function, args):
        results = [self.pool.apply_async(function, (arg,)) for arg in args]
        return [result.get() for result in results]

    def map(self, function, items):
        return self.pool.map(function, items)


class Joblib:
    """joblib.Parallel, whose processes are kept."""

    def __init__(self):
        self.parallel = joblib.Parallel(WORKERS, max_nbytes=None).__enter__()

    def call(self, function, arg):
        return self.parallel([joblib.delayed(function)(arg)])[0]

    def together(self, function, args):
        return self.parallel(joblib.delayed(function)(arg) for arg in args)

    map = together


def repeated(run):
    """Returns the median time in milliseconds, after a run to warm up."""
    run()
    times = []
    end = time.perf_counter() + MAX_RUNS_S
    while not times or (len(times) < MAX_RUNS and time.perf_counter() < end):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    return {"value": statistics.median(times)}


def there_and_back(pool, value):
    return repeated(lambda: pool.call(same, value))


def shared(pool, size):
    if not isinstance(pool, Multiprocessing):
        return {}
    memory = shared_memory.SharedMemory(create=True, size=size * 8)
    try:
        return repeated(lambda: pool.call(same_shared, memory.name))
    finally:
        memory.close()
        memory.unlink()


def together(pool, size):
    pool.together(square, range(size // 10))
    start = time.perf_counter()
    pool.together(square, range(size))
    return {"value": size / (time.perf_counter() - start)}


def awaited(pool, size):
    times = []
    for x in range(size):
        start = time.perf_counter()
        pool.call(square, x)
        times.append(time.perf_counter() - start)
    return {"value": statistics.median(times) * 1e6}


def efficiency(pool, size):
    start = time.perf_counter()
    total = sum(pool.together(work, [WORK] * size))
    return {"value": total / (WORKERS * (time.perf_counter() - start))}


SCENARIOS = {
    "awaited": awaited,
    "together": together,
    "map": lambda pool, size: repeated(
        lambda: pool.map(integrand, [i / size for i in range(size)])
    ),
    "copied": lambda pool, size: (
        there_and_back(pool, numpy.ones(size)) if numpy else {}
    ),
    "shared": shared,
    "bytes": lambda pool, size: {**there_and_back(pool, b"x" * size), "note": "copied"},
    "strings": lambda pool, size: there_and_back(
        pool, [str(i).ljust(100, "x") for i in range(size)]
    ),
    "objects": lambda pool, size: there_and_back(
        pool,
        [
            {"id": i, "name": f"item {i}", "price": i / 3, "isNew": i % 2 == 0}
            for i in range(size)
        ],
    ),
    "efficiency": efficiency,
}


def run(make, scenario, size):
    if scenario == "start":
        start = time.perf_counter()
        make().call(square, 3)
        return {"value": (time.perf_counter() - start) * 1000}
    if scenario not in SCENARIOS:
        return {}
    pool = make()
    for _ in range(100):
        pool.together(square, range(2 * WORKERS))
    return SCENARIOS[scenario](pool, size)


def versions():
    modules = {"joblib": joblib, "numpy": numpy}
    return {
        "Python": sys.version.split()[0],
        **{name: module.__version__ for name, module in modules.items() if module},
    }


def main():
    if sys.argv[1] == "versions":
        print(json.dumps(versions()))
        return
    pool, scenario, size = sys.argv[1:]
    make = {"multiprocessing": Multiprocessing, "joblib": Joblib}[pool]
    try:
        result = run(make, scenario, int(size))
    except Exception as error:
        result = {"failed": repr(error)}
    print("result: " + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
