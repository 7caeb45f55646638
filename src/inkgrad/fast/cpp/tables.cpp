// All kernels for one instruction set: CMake compiles this file once for each, with INKGRAD_ISA as its name.

#include "table.hpp"

#include "activations.hpp"
#include "conv_backward.hpp"
#include "conv_forward.hpp"
#include "narrow_dense.hpp"
#include "optimizer_steps.hpp"
#include "softmax_cross_entropy.hpp"
#include "sparse_dense.hpp"
#include "warp.hpp"

#define NAME_OF(isa) #isa
#define NAME(isa) NAME_OF(isa)

namespace inkgrad::INKGRAD_ISA {

template <class T>
constexpr Kernels<T> kernels() {
    return {BLOCK,
            LANES<T>,
            sparse_scratch<T>,
            sparse_forward<T>,
            sparse_gradient_scratch<T>,
            sparse_gradient_prepare<T>,
            sparse_gradient<T>,
            narrow_prepared<T>,
            narrow_scratch<T>,
            narrow_prepare<T>,
            narrow_forward<T>,
            narrow_gradient_prepare<T>,
            narrow_gradient<T>,
            narrow_back_prepare<T>,
            narrow_back<T>,
            bias_activation<T>,
            activation_gradient<T>,
            conv_prepared<T>,
            conv_prepare<T>,
            conv_forward_scratch<T>,
            conv_forward<T>,
            conv_sums<T>,
            conv_backward_prepared<T>,
            conv_backward_prepare<T>,
            conv_backward_scratch<T>,
            conv_backward<T>,
            conv_gather<T>,
            softmax_cross_entropy<T>,
            sgd<T>,
            adam<T>};
}

extern const Tables tables = {NAME(INKGRAD_ISA), kernels<float>(), kernels<double>(), warp_scratch, warp_images};

}  // namespace inkgrad::INKGRAD_ISA
