// The largest of each window, forward and backward; group_norm.hpp does it to what it has normalised.
//
// A code for each output, a byte, says which of its window it was, so backward need not look at x.
//
// Measured gain: benchmarks/avx512/RESULTS.md, "What each kernel gains".

#pragma once

#include "binding.hpp"
#include "vector.hpp"

namespace inkgrad {

constexpr int NO_NUMBER = 255;  // the code of an output that ReLU let nothing through for

struct Windows {  // down × across pixels each, side by side in an image
    int height, width, channels, down, across;
    int offsets[NO_NUMBER];  // how many pixels after the corner of a window each of its pixels lies

    int pixels() const { return height * width; }
    int area() const { return down * across; }
    int count() const { return height / down * (width / across); }
};

// Call work(window, pixel) for each window, with its corner counted in pixels.
template <class Work>
ALWAYS_INLINE void for_windows(const Windows& job, Work work) {
    const int columns = job.width / job.across;
    for (int row = 0; row < job.height / job.down; row++)
        for (int column = 0; column < columns; column++)
            work(row * columns + column, row * job.down * job.width + column * job.across);
}

// The largest number(pixel) of each window and its code, for the channels from o on; with `relu` the largest above zero.
template <class T, class Number>
ALWAYS_INLINE void pool_windows(const Windows& job, int o, bool relu, Number number, T* y, uint8_t* codes) {
    const int n = smaller(LANES<T>, job.channels - o), area = job.area();
    for_windows(job, [&](int window, int pixel) {
        Vector<T> most = number(pixel);
        Integers<T> code{};
        for (int q = 1; q < area; q++) {
            const Vector<T> z = number(pixel + job.offsets[q]);
            code = z > most ? code * 0 + q : code;
            most = z > most ? z : most;
        }
        if (relu) {
            code = most > T(0) ? code : code * 0 + NO_NUMBER;
            most = most > T(0) ? most : Vector<T>{};
        }
        const size_t here = size_t(window) * job.channels + o;
        store_codes<T>(n, codes + here, narrow<T>(code));
        store_first(n, y + here, most);
    });
}

// Call write(pixel, dz) for every pixel of the channels from o on: dz is dy for the largest of a window, else zero.
template <class T, class Write>
ALWAYS_INLINE void spread_windows(const Windows& job, int o, const uint8_t* codes, const T* dy, Write write) {
    const int n = smaller(LANES<T>, job.channels - o), area = job.area();
    for_windows(job, [&](int window, int pixel) {
        const size_t here = size_t(window) * job.channels + o;
        const Integers<T> code = widen<T>(load_codes<T>(n, codes + here));
        const Vector<T> dy_here = load_first(n, dy + here);
        for (int q = 0; q < area; q++) write(pixel + job.offsets[q], code == q ? dy_here : Vector<T>{});
    });
    const int rows = job.height / job.down * job.down, columns = job.width / job.across * job.across;
    for (int row = 0; row < job.height; row++)  // what fills no window
        for (int column = row < rows ? columns : 0; column < job.width; column++)
            write(row * job.width + column, Vector<T>{});
}

// From Python ----------------------------------------------------------------------------------------------

template <class A>
Windows windows_of(const A& x, int down, int across) {
    expect(x.ndim() == 4, "x has four axes");
    for (size_t axis : {0, 1, 2, 3}) expect(x.shape(axis) < MOST, "too large");
    expect(x.shape(1) * x.shape(2) < MOST && x.shape(1) * x.shape(2) * x.shape(3) < MOST, "too large");
    expect(down > 0 && across > 0 && size_t(down) * across < NO_NUMBER, "the window is too small or too large");
    Windows windows{int(x.shape(1)), int(x.shape(2)), int(x.shape(3)), down, across, {}};
    for (int q = 0; q < windows.area(); q++) windows.offsets[q] = q / across * windows.width + q % across;
    return windows;
}

template <class A>
void expect_windows(const Windows& job, size_t n, const A& y, const char* what) {
    expect_shape(y, {n, size_t(job.height / job.down), size_t(job.width / job.across), size_t(job.channels)}, what);
}

// y and the codes; false where a number is too large for us.
template <class T>
bool max_pool_forward(Input<T> x, int down, int across, Array<T> y, Array<uint8_t> codes, int n_threads) {
    const Windows job = windows_of(x, down, across);
    expect_windows(job, x.shape(0), y, "y has the wrong shape");
    expect_windows(job, x.shape(0), codes, "codes have the wrong shape");
    const size_t inputs = size_t(job.pixels()) * job.channels, outputs = size_t(job.count()) * job.channels;
    const int n = int(x.shape(0));
    return for_parts(n, parts_of(n, n_threads), n_threads, 0, [&](int first, int last, void*) {
        Watch<T> watch;
        for (size_t image = first; image < size_t(last); image++)
            for (int o = 0; o < job.channels; o += LANES<T>) {
                const int n_here = smaller(LANES<T>, job.channels - o);
                pool_windows<T>(
                    job, o, false,
                    [&](int pixel) {
                        const Vector<T> v =
                            load_first(n_here, x.data() + image * inputs + size_t(pixel) * job.channels + o);
                        watch.see(v);
                        return v;
                    },
                    y.data() + image * outputs, codes.data() + image * outputs);
            }
        return watch.tame();
    });
}

// dx; false where a number is too large for us, as the plain layer makes NaN of infinity where it does not go.
template <class T>
bool max_pool_backward(Input<uint8_t> codes, Input<T> dy, int down, int across, Array<T> dx, int n_threads) {
    const Windows job = windows_of(dx, down, across);
    expect_windows(job, dx.shape(0), codes, "codes have the wrong shape");
    expect_windows(job, dx.shape(0), dy, "dy has the wrong shape");
    const size_t inputs = size_t(job.pixels()) * job.channels, outputs = size_t(job.count()) * job.channels;
    const int n = int(dx.shape(0));
    return for_parts(n, parts_of(n, n_threads), n_threads, 0, [&](int first, int last, void*) {
        Watch<T> watch;
        for (size_t image = first; image < size_t(last); image++)
            for (int o = 0; o < job.channels; o += LANES<T>)
                spread_windows<T>(job, o, codes.data() + image * outputs, dy.data() + image * outputs,
                                  [&](int pixel, Vector<T> d) {
                                      watch.see(d);
                                      store_first(smaller(LANES<T>, job.channels - o),
                                                  dx.data() + image * inputs + size_t(pixel) * job.channels + o, d);
                                  });
        return watch.tame();
    });
}

template <class T>
void define_max_pool(nb::module_& m) {
    m.def("max_pool_forward", max_pool_forward<T>, fixed("x"), "down"_a, "across"_a, fixed("y"), fixed("codes"),
          "n_threads"_a, NoLock());
    m.def("max_pool_backward", max_pool_backward<T>, fixed("codes"), fixed("dy"), "down"_a, "across"_a, fixed("dx"),
          "n_threads"_a, NoLock());
}

}  // namespace inkgrad
