// Warps: images bent by an affine map and a B-spline, with strokes thicker or thinner, as data/warps.py says.
//
// One image at a time, row by row, without an array of sources or of neighbours between.
//
// Measured gain: benchmarks/RESULTS.md, "What each kernel gains".

#pragma once

#include "jobs.hpp"
#include "vector.hpp"

namespace inkgrad::INKGRAD_ISA {

inline size_t warp_scratch(const Warp& job) {
    const size_t paper = size_t(job.height + 3) * (job.width + 3) * job.channels;
    return sizeof(float) * (2 * paper + 3 * size_t(job.width) + 2 * size_t(job.grid));
}

// `image` on paper: one pixel of it before and two after, so that every source has four neighbours.
inline void put_on_paper(const Warp& job, int image, float* paper) {
    const int line = job.width * job.channels, wide = (job.width + 3) * job.channels;
    __builtin_memset(paper, 0, sizeof(float) * (job.height + 3) * wide);
    for (int row = 0; row < job.height; row++) {
        const size_t from = (size_t(image) * job.height + row) * line;
        float* to = paper + (row + 1) * wide + job.channels;
        if (job.bytes)
            for (int i = 0; i < line; i++) to[i] = job.bytes[from + i];
        else
            for (int i = 0; i < line; i++) to[i] = job.pixels[from + i];
    }
}

// I becomes (1 - |t|) I + |t| D, with D the most (t > 0) or the least (t < 0) of a pixel and its four neighbours.
inline void thicken(const Warp& job, float t, const float* paper, float* to) {
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
inline void sources_of(const Warp& job, int image, int row, float* rows, float* columns, float* points) {
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
inline void warp_images(const Warp& job, int first, int last, void* scratch) {
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
                if (job.bytes)
                    for (int c = 0; c < job.width; c++) job.bent_bytes[to + c * job.channels + j] = uint8_t(found[c] + 0.5f);
                else
                    for (int c = 0; c < job.width; c++) job.bent_pixels[to + c * job.channels + j] = found[c];
            }
        }
    }
}

}  // namespace inkgrad::INKGRAD_ISA
