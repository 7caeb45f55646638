// Warps: images bent by an affine map and a B-spline, with strokes thicker or thinner, as data/warps.py says.
//
// One image at a time, row by row, without an array of sources or of neighbours between.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include "binding.hpp"

namespace inkgrad {

template <class X>
struct Warp {
    int n, height, width, channels, grid;
    const X* images;            // (n, height, width, channels), floats or bytes in 0..255
    const float* affine;        // (n, 2, 3)
    const float* bumps;         // (n, grid, grid, 2)
    const float* thickness;     // (n,)
    const float* row_basis;     // (grid, height)
    const float* column_basis;  // (grid, width)
    X* bent;                    // like images
};

// `image` on paper: one pixel of it before and two after, so that every source has four neighbours.
template <class X>
void put_on_paper(const Warp<X>& job, int image, float* paper) {
    const int line = job.width * job.channels, wide = (job.width + 3) * job.channels;
    __builtin_memset(paper, 0, sizeof(float) * (job.height + 3) * wide);
    for (int row = 0; row < job.height; row++) {
        const size_t from = (size_t(image) * job.height + row) * line;
        float* to = paper + (row + 1) * wide + job.channels;
        for (int i = 0; i < line; i++) to[i] = job.images[from + i];
    }
}

// I becomes (1 - |t|) I + |t| D, with D the most (t > 0) or the least (t < 0) of a pixel and its four neighbours.
template <class X>
void thicken(const Warp<X>& job, float t, const float* paper, float* to) {
    const int line = job.width * job.channels, next = job.channels, wide = (job.width + 3) * job.channels;
    const float sign = t < 0 ? -1 : 1, strength = t * sign;
    for (int row = 1; row <= job.height; row++)
        for (int i = 0; i < line; i++) {
            const float* p = paper + row * wide + next + i;
            float most = sign * p[0];
            most = sign * p[-next] > most ? sign * p[-next] : most;
            most = sign * p[next] > most ? sign * p[next] : most;
            most = sign * p[-wide] > most ? sign * p[-wide] : most;
            most = sign * p[wide] > most ? sign * p[wide] : most;
            to[row * wide + next + i] = (1 - strength) * p[0] + strength * sign * most;
        }
}

// Where row `row` of the output comes from, counted from a pixel outside the image.
template <class X>
void sources_of(const Warp<X>& job, int image, int row, float* rows, float* columns, float* points) {
    const float* a = job.affine + size_t(image) * 6;
    const float r = row - (job.height - 1) / 2.0f, c0 = (job.width - 1) / 2.0f;
    for (int c = 0; c < job.width; c++) {
        rows[c] = a[0] * r + a[1] * (c - c0) + a[2] + (job.height + 1) / 2.0f;
        columns[c] = a[3] * r + a[4] * (c - c0) + a[5] + (job.width + 1) / 2.0f;
    }
    const int g = job.grid;
    const float* bumps = job.bumps + size_t(image) * g * g * 2;
    for (int b = 0; b < 2 * g; b++) {
        points[b] = 0;
        for (int k = 0; k < g; k++) points[b] += job.row_basis[k * job.height + row] * bumps[k * g * 2 + b];
    }
    for (int b = 0; b < g; b++)
        for (int c = 0; c < job.width; c++) {
            rows[c] += job.column_basis[b * job.width + c] * points[2 * b];
            columns[c] += job.column_basis[b * job.width + c] * points[2 * b + 1];
        }
    const float bottom = float(job.height + 1), right = float(job.width + 1);  // what is beyond is paper too
    for (int c = 0; c < job.width; c++) {
        rows[c] = rows[c] < 0 ? 0 : rows[c] > bottom ? bottom : rows[c];
        columns[c] = columns[c] < 0 ? 0 : columns[c] > right ? right : columns[c];
    }
}

// Find the pixel at each source: between its four neighbours, weighted by nearness.
inline void pixels_at(const float* __restrict pixels, int wide, int channels, int n, const float* __restrict rows,
                      const float* __restrict columns, float* __restrict found) {
    for (int c = 0; c < n; c++) {
        const int k = int(rows[c]), l = int(columns[c]), corner = k * wide + l * channels;
        const float f = rows[c] - float(k), e = columns[c] - float(l);
        const float upper = pixels[corner] + e * (pixels[corner + channels] - pixels[corner]);
        const float lower = pixels[corner + wide] + e * (pixels[corner + wide + channels] - pixels[corner + wide]);
        found[c] = upper + f * (lower - upper);
    }
}

// Bend the images [first, last).
template <class X>
void warp_images(const Warp<X>& job, int first, int last, void* scratch) {
    const int wide = (job.width + 3) * job.channels;
    const size_t size = size_t(job.height + 3) * wide;
    float *paper = static_cast<float*>(scratch), *thick = paper + size, *rows = thick + size, *columns = rows + job.width;
    float *found = columns + job.width, *points = found + job.width;
    __builtin_memset(thick, 0, sizeof(float) * size);
    for (int image = first; image < last; image++) {
        const float t = job.thickness[image];
        put_on_paper(job, image, paper);
        if (t != 0) thicken(job, t, paper, thick);
        const float* pixels = t != 0 ? thick : paper;
        for (int row = 0; row < job.height; row++) {
            sources_of(job, image, row, rows, columns, points);
            const size_t to = (size_t(image) * job.height + row) * job.width * job.channels;
            for (int j = 0; j < job.channels; j++) {
                pixels_at(pixels + j, wide, job.channels, job.width, rows, columns, found);
                for (int c = 0; c < job.width; c++)
                    job.bent[to + c * job.channels + j] = std::is_same_v<X, uint8_t> ? X(found[c] + 0.5f) : X(found[c]);
            }
        }
    }
}

// From Python ----------------------------------------------------------------------------------------------

template <class X>
void warp(Input<X> images, Input<float> affine, Input<float> bumps, Input<float> thickness, Input<float> row_basis,
          Input<float> column_basis, Array<X> bent, int n_threads) {
    expect(images.ndim() == 4 && bumps.ndim() == 4, "images and bumps have four axes");
    const size_t n = images.shape(0), height = images.shape(1), width = images.shape(2), channels = images.shape(3);
    const size_t grid = bumps.shape(1), paper = (height + 3) * (width + 3) * channels;
    expect(n < MOST && (height + 3) * (width + 3) < MOST && paper < MOST, "too large");
    expect_shape(affine, {n, 2, 3}, "affine has the wrong shape");
    expect_shape(bumps, {n, grid, grid, 2}, "bumps have the wrong shape");
    expect_shape(thickness, {n}, "thickness has the wrong shape");
    expect_shape(row_basis, {grid, height}, "row_basis has the wrong shape");
    expect_shape(column_basis, {grid, width}, "column_basis has the wrong shape");
    expect_shape(bent, {n, height, width, channels}, "bent has the wrong shape");
    const Warp<X> job{int(n), int(height), int(width), int(channels), int(grid), images.data(), affine.data(),
                      bumps.data(), thickness.data(), row_basis.data(), column_basis.data(), bent.data()};
    const size_t scratch_size = sizeof(float) * (2 * paper + 3 * width + 2 * grid);
    for_parts(job.n, parts_of(job.n, n_threads), n_threads, scratch_size, [&](int first, int last, void* scratch) {
        warp_images(job, first, last, scratch);
        return true;
    });
}

template <class X>
void define_warp(nb::module_& m) {
    m.def("warp", warp<X>, fixed("images"), fixed("affine"), fixed("bumps"), fixed("thickness"), fixed("row_basis"),
          fixed("column_basis"), fixed("bent"), "n_threads"_a, NoLock());
}

}  // namespace inkgrad
