"""The loops in Python, with numba: prange, and the same with fastmath, which lets it reorder additions.

Reads lines `name size` and prints for each the time of one run, in microseconds. A name that ends with `_fast` is
compiled with fastmath.
"""

import sys
import time

import numba
import numpy as np

numba.set_num_threads(2)


def integral(n):
    dx = 2 / n
    s = 0.0
    for i in numba.prange(n):
        x = i * dx
        s += x * x - x
    return s * dx


def expression(x):
    return (x**2 - x).sum()


def range_expression(n):
    dx = 2 / n
    x = np.arange(0.0, 2.0, dx)
    return (x**2 - x).sum()


def pairwise(vectors, result):
    rows, columns = vectors.shape
    for i in numba.prange(rows):
        for j in range(rows):
            d = 0.0
            for k in range(columns):
                d += np.square(vectors[i, k] - vectors[j, k])
            result[i, j] = np.sqrt(d)


def elements(source, target):
    for i in numba.prange(source.size):
        target[i] = source[i] * source[i] - source[i]


def mandelbrot(counts):
    size = counts.shape[0]
    for y in numba.prange(size):
        for x in range(size):
            cr = x * 3.0 / size - 2
            ci = y * 2.0 / size - 1
            zr = 0.0
            zi = 0.0
            n = 0
            while n < 200 and zr * zr + zi * zi <= 4:
                t = zr * zr - zi * zi + cr
                zi = 2 * zr * zi + ci
                zr = t
                n += 1
            counts[y, x] = n


LOOPS = {
    "integral": integral,
    "expression": expression,
    "range": range_expression,
    "pairwise": pairwise,
    "elements": elements,
    "mandelbrot": mandelbrot,
}


def prepare(name, size):
    """Returns the function to time."""
    base, _, fast = name.partition("_")
    loop = numba.njit(parallel=True, fastmath=fast == "fast")(LOOPS[base])
    if base in ("integral", "range"):
        return lambda: loop(size)
    if base == "expression":
        x = np.linspace(0.0, 2.0, size)
        return lambda: loop(x)
    if base == "pairwise":
        vectors, result = np.random.uniform(size=(size, size // 5)), np.empty((size, size))
        return lambda: loop(vectors, result)
    if base == "mandelbrot":
        counts = np.empty((size, size), np.uint16)
        return lambda: loop(counts)
    source, target = np.ones(size), np.zeros(size)
    return lambda: loop(source, target)


def main():
    prepared = {}
    for line in sys.stdin:
        if line not in prepared:
            name, size = line.split()
            prepared[line] = prepare(name, int(size))
            prepared[line]()  # compiles it
        start = time.perf_counter()
        prepared[line]()
        print((time.perf_counter() - start) * 1e6, flush=True)


if __name__ == "__main__":
    main()
