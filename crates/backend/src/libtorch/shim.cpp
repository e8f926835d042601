// What libtorch has and tch does not generate: functions with a list of tensors, a mask of wanted results or a memory
// format. A tensor is a pointer to an at::Tensor, as tch holds it; results are new ones that belong to the caller. Every
// function returns 0, or 1 where libtorch refused: foretask_torch_message() then says why.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/full.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

namespace {

thread_local std::string message;

template <typename F> int guarded(F work) {
  at::NoGradGuard no_graph;
  try {
    work();
    return 0;
  } catch (const std::exception &error) {
    message = error.what();
  } catch (...) {
    message = "an unknown exception";
  }
  return 1;
}

// Results that were not asked for are undefined tensors.
at::Tensor *give(at::Tensor &&tensor) { return tensor.defined() ? new at::Tensor(std::move(tensor)) : nullptr; }

std::optional<at::Tensor> maybe(const at::Tensor *tensor) {
  return tensor == nullptr ? std::nullopt : std::optional<at::Tensor>(*tensor);
}

// Memory of tensors on the CPU. libtorch's own allocator asks glibc for aligned blocks; glibc takes an aligned block out of a
// larger one, so that a freed one is never large enough for the same request again, and a training step that asks for the
// same sizes over and over comes to hold far more than it uses. Here plain blocks are aligned by hand. In front of what a
// tensor gets stands the block's beginning.
class Reusing final : public c10::Allocator {
public:
  c10::DataPtr allocate(size_t bytes) override {
    void *data = bytes == 0 ? nullptr : aligned(bytes);
    return {data, data, &release, c10::Device(c10::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void *to, const void *from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

private:
  static constexpr size_t ALIGNMENT = 64;

  static void *aligned(size_t bytes) {
    const size_t room = ALIGNMENT + sizeof(void *);
    void *block = bytes > SIZE_MAX - room ? nullptr : std::malloc(bytes + room);
    TORCH_CHECK(block != nullptr, "not enough memory: you tried to allocate ", bytes, " bytes.");
    const auto first = reinterpret_cast<std::uintptr_t>(block) + sizeof(void *);
    auto *data = reinterpret_cast<void **>((first + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    data[-1] = block;
    return data;
  }

  static void release(void *data) {
    if (data != nullptr) {
      std::free(static_cast<void **>(data)[-1]);
    }
  }
};

} // namespace

extern "C" {

const char *foretask_torch_message() { return message.c_str(); }

void foretask_torch_tune_memory() {
  // Never destroyed: tensors may outlive everything else.
  static Reusing *allocator = new Reusing();
  c10::SetCPUAllocator(allocator);
}

int foretask_torch_channels_last(const at::Tensor *x, at::Tensor **found) {
  return guarded([&] { *found = new at::Tensor(x->contiguous(at::MemoryFormat::ChannelsLast)); });
}

// libtorch keeps the pinned memory until the copy is done, and lends it out again afterwards.
int foretask_torch_pinned_to_gpu(const at::Tensor *x, int64_t index, at::Tensor **found) {
  return guarded([&] {
    const at::Device gpu(at::kCUDA, static_cast<at::DeviceIndex>(index));
    *found = new at::Tensor(x->pin_memory().to(gpu, x->scalar_type(), /*non_blocking=*/true));
  });
}

int foretask_torch_convolution_backward(const at::Tensor *grad, const at::Tensor *x, const at::Tensor *weight,
                                        int64_t stride, int64_t padding_height, int64_t padding_width,
                                        int64_t groups, bool of_x, bool of_weight, at::Tensor **found) {
  return guarded([&] {
    const std::array<int64_t, 2> strides{stride, stride}, paddings{padding_height, padding_width}, ones{1, 1}, zeros{0, 0};
    auto all = at::convolution_backward(*grad, *x, *weight, std::nullopt, strides, paddings, ones, false, zeros, groups,
                                        {of_x, of_weight, false});
    found[0] = give(std::move(std::get<0>(all)));
    found[1] = give(std::move(std::get<1>(all)));
  });
}

int foretask_torch_batch_norm_backward(const at::Tensor *grad, const at::Tensor *x, const at::Tensor *scale,
                                       const at::Tensor *mean, const at::Tensor *inverse, double epsilon,
                                       at::Tensor **found) {
  return guarded([&] {
    auto all = at::native_batch_norm_backward(*grad, *x, *scale, std::nullopt, std::nullopt, *mean, *inverse, true,
                                              epsilon, {true, true, true});
    found[0] = give(std::move(std::get<0>(all)));
    found[1] = give(std::move(std::get<1>(all)));
    found[2] = give(std::move(std::get<2>(all)));
  });
}

int foretask_torch_layer_norm_backward(const at::Tensor *grad, const at::Tensor *x, const at::Tensor *mean,
                                       const at::Tensor *inverse, const at::Tensor *scale, const at::Tensor *shift,
                                       at::Tensor **found) {
  return guarded([&] {
    auto all = at::native_layer_norm_backward(*grad, *x, scale->sizes(), *mean, *inverse, *scale, *shift,
                                              {true, true, true});
    found[0] = give(std::move(std::get<0>(all)));
    found[1] = give(std::move(std::get<1>(all)));
    found[2] = give(std::move(std::get<2>(all)));
  });
}

// Changes value, first and second; and the gradient, which is divided by `divisor` where there is one.
int foretask_torch_adamw(at::Tensor *value, at::Tensor *grad, at::Tensor *first, at::Tensor *second, double count,
                         double rate, double beta1, double beta2, double decay, double epsilon,
                         const at::Tensor *divisor) {
  return guarded([&] {
    std::vector<at::Tensor> values{*value}, grads{*grad}, firsts{*first}, seconds{*second};
    std::vector<at::Tensor> counts{at::full({}, count, value->options())};
    at::_fused_adamw_(values, grads, firsts, seconds, {}, counts, rate, beta1, beta2, decay, epsilon, false, false,
                      maybe(divisor));
  });
}

// Changes value and buffer.
int foretask_torch_sgd(at::Tensor *value, const at::Tensor *grad, at::Tensor *buffer, double decay, double momentum,
                       double rate, bool nesterov) {
  return guarded([&] {
    std::vector<at::Tensor> values{*value}, grads{*grad}, buffers{*buffer};
    at::_fused_sgd_(values, grads, buffers, decay, momentum, rate, 0.0, nesterov, false, false);
  });
}

}
