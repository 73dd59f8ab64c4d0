/*
 * The loops in C, with OpenMP: what the machine can do.
 *
 *     cc -O3 -march=native -fopenmp loops.c -lm -o loops
 *
 * With -ffast-math, the compiler may reorder additions, as vectors need it. Reads lines `name size` and prints for
 * each the time of one run, in microseconds.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile double sink;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec * 1e-3;
}

static double *array_of(size_t size) {
  double *array = malloc(size * sizeof(double));
  for (size_t i = 0; i < size; i++) array[i] = 2.0 * i / size;
  return array;
}

static double integral(int n) {
  const double dx = 2.0 / n;
  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < n; i++) {
    const double x = i * dx;
    sum += x * x - x;
  }
  return sum * dx;
}

static double expression(const double *x, int n) {
  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < n; i++) sum += x[i] * x[i] - x[i];
  return sum;
}

static void pairwise(const double *vectors, double *result, int rows, int columns) {
#pragma omp parallel for schedule(dynamic, 16)
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < rows; j++) {
      double sum = 0;
      for (int k = 0; k < columns; k++) {
        const double difference = vectors[i * columns + k] - vectors[j * columns + k];
        sum += difference * difference;
      }
      result[i * rows + j] = sqrt(sum);
    }
  }
}

static void elements(const double *source, double *target, int n) {
#pragma omp parallel for
  for (int i = 0; i < n; i++) target[i] = source[i] * source[i] - source[i];
}

static void mandelbrot(unsigned short *counts, int size) {
#pragma omp parallel for schedule(dynamic, 8)
  for (int y = 0; y < size; y++) {
    for (int x = 0; x < size; x++) {
      const double cr = x * 3.0 / size - 2, ci = y * 2.0 / size - 1;
      double zr = 0, zi = 0;
      int n = 0;
      while (n < 200 && zr * zr + zi * zi <= 4) {
        const double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        n++;
      }
      counts[y * size + x] = n;
    }
  }
}

int main(void) {
  char name[32];
  int size;
  char prepared[48] = "", wanted[48];
  double *source = NULL, *target = NULL;
  while (scanf("%31s %d", name, &size) == 2) {
    snprintf(wanted, sizeof wanted, "%s %d", name, size);
    if (strcmp(prepared, wanted) != 0) {
      free(source);
      free(target);
      const size_t length = strcmp(name, "integral") == 0 || strcmp(name, "range") == 0 ? 1 : (size_t)size < 4000 ? (size_t)size * size : size;
      source = array_of(length);
      target = array_of(length);
      strcpy(prepared, wanted);
    }
    const double start = now();
    if (strcmp(name, "integral") == 0 || strcmp(name, "range") == 0) sink = integral(size);
    else if (strcmp(name, "expression") == 0) sink = expression(source, size);
    else if (strcmp(name, "pairwise") == 0) pairwise(source, target, size, size / 5);
    else if (strcmp(name, "elements") == 0) elements(source, target, size);
    else mandelbrot((unsigned short *)target, size);
    printf("%f\n", now() - start);
    fflush(stdout);
  }
  free(source);
  free(target);
  return 0;
}
