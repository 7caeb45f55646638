// The Python module: all kernels for one instruction set.  CMake compiles this file once for each, with
// INKGRAD_INSTRUCTIONS as its name, and Python imports the one that is best for the machine.

#include "activations.hpp"
#include "conv_backward.hpp"
#include "conv_forward.hpp"
#include "convolution.hpp"
#include "group_norm.hpp"
#include "max_pool.hpp"
#include "narrow_dense.hpp"
#include "optimizer_steps.hpp"
#include "prepared.hpp"
#include "softmax_cross_entropy.hpp"
#include "sparse_dense.hpp"
#include "warp.hpp"

namespace inkgrad {
namespace {

// The instruction sets of this machine that there are modules for, the best first.
nb::list instruction_sets() {
    nb::list found;
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        found.append("avx512");
    if (avx2) found.append("avx2");
#endif
    found.append("baseline");
    return found;
}

template <class T>
void define_kernels(nb::module_& m) {
    define_activations<T>(m);
    define_conv_backward<T>(m);
    define_conv_forward<T>(m);
    define_convolution<T>(m);
    define_group_norm<T>(m);
    define_max_pool<T>(m);
    define_narrow_dense<T>(m);
    define_optimizer_steps<T>(m);
    define_prepared<T>(m);
    define_softmax_cross_entropy<T>(m);
    define_sparse_dense<T>(m);
}

}  // namespace
}  // namespace inkgrad

#define MODULE_FOR(instructions) NB_MODULE(_kernels_##instructions, m)
#define MODULE(instructions) MODULE_FOR(instructions)
#define TEXT_OF(instructions) #instructions
#define TEXT(instructions) TEXT_OF(instructions)

MODULE(INKGRAD_INSTRUCTIONS) {
    using namespace inkgrad;
    m.attr("BLOCK") = BLOCK;
    m.attr("ROOM") = ROOM;
    m.attr("INSTRUCTIONS") = TEXT(INKGRAD_INSTRUCTIONS);
    m.def("instruction_sets", instruction_sets);
    define_kernels<float>(m);
    define_kernels<double>(m);
    define_warp<float>(m);
    define_warp<uint8_t>(m);
}
