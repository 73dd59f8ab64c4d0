"""The same loops in Python: numba's prange, and multiprocessing's Pool of two.

Reads lines `name size` and prints for each the time of one run, in microseconds.
"""

import multiprocessing
import sys
import time

import numba
import numpy as np

numba.set_num_threads(2)


@numba.njit(parallel=True)
def integral(n):
    dx = 2 / n
    s = 0.0
    for i in numba.prange(n):
        x = i * dx
        s += x * x - x
    return s * dx


@numba.njit(parallel=True)
def pairwise(vectors):
    rows, columns = vectors.shape
    result = np.empty((rows, rows))
    for i in numba.prange(rows):
        for j in range(rows):
            d = 0.0
            for k in range(columns):
                d += np.square(vectors[i][k] - vectors[j][k])
            result[i, j] = np.sqrt(d)
    return result


@numba.njit(parallel=True)
def copy_and_sum(source, target):
    s = 0.0
    for i in numba.prange(source.size):
        target[i] = source[i]
        s += source[i]
    return s


@numba.njit(parallel=True)
def map_elements(source, target):
    for i in numba.prange(source.size):
        target[i] = source[i] * source[i] - source[i]


@numba.njit(parallel=True)
def expression(n):
    dx = 2 / n
    x = np.arange(0.0, 2.0, dx)
    return (x**2 - x).sum() * dx


def integrand(x):
    return x * x - x


def same(array):
    return array


def prepare(name, size, pool):
    """Returns the function to time."""
    if name == "integral":
        return lambda: integral(size)
    if name == "expression":
        return lambda: expression(size)
    if name == "pairwise":
        vectors = np.random.uniform(size=(size, size // 5))
        return lambda: pairwise(vectors)
    if name in ("copy", "elements"):
        source, target = np.ones(size), np.zeros(size)
        loop = copy_and_sum if name == "copy" else map_elements
        return lambda: loop(source, target)
    if name == "map":
        numbers = [i / size for i in range(size)]
        return lambda: pool.map(integrand, numbers)
    if name == "array":
        array = np.ones(size)
        return lambda: pool.apply(same, (array,))
    raise ValueError(name)


def main():
    prepared = {}
    with multiprocessing.Pool(2) as pool:
        for line in sys.stdin:
            name, size = line.split()
            if line not in prepared:
                prepared[line] = prepare(name, int(size), pool)
                prepared[line]()  # compiles it
            start = time.perf_counter()
            prepared[line]()
            print((time.perf_counter() - start) * 1e6, flush=True)


if __name__ == "__main__":
    main()
