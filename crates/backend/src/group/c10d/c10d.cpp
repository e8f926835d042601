// libtorch's c10d for Rust: a store of small texts that all ranks reach, and a group of ranks that exchange tensors by gloo. It has a
// file of its own because its headers take as long to read as all others together.
//
// A store is a pointer to a Store, a group one to a Group; who got one closes it. A tensor is a pointer to an at::Tensor, as tch holds
// it. Every function returns 0, or the kind of its failure: foretask_group_message() then says why, on the thread that called.
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/exception.h>
#include <torch/version.h>

static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 9,
              "the stand-ins for gloo's headers suit libtorch 2.9: see stub/README.md");

C10_DECLARE_int(caffe2_log_level);

namespace {

using std::chrono::milliseconds;

struct Store {
  c10::intrusive_ptr<c10d::Store> inner;
};

struct Group {
  c10::intrusive_ptr<c10d::Backend> inner;
};

// Kinds of failures, as c10d.rs numbers them.
constexpr int OTHER = 1, TIMEOUT = 2, NETWORK = 3;

thread_local std::string message;

int failed(int kind, const char *what) {
  message = what;
  return kind;
}

template <typename F> int guarded(F work) {
  at::NoGradGuard no_graph;
  try {
    work();
    return 0;
  } catch (const c10d::TimeoutError &error) {
    return failed(TIMEOUT, error.what());
  } catch (const c10::DistNetworkError &error) {
    return failed(NETWORK, error.what());
  } catch (const std::exception &error) {
    // gloo's own exceptions have no declaration here.
    const bool late = std::strstr(error.what(), "Timed out waiting") != nullptr;
    return failed(late ? TIMEOUT : OTHER, error.what());
  } catch (...) {
    return failed(OTHER, "an unknown exception");
  }
}

// The default is to wait for half an hour.
void finish(const c10::intrusive_ptr<c10d::Work> &work) { work->wait(); }

std::vector<uint8_t> bytes(const char *data, size_t length) { return {data, data + length}; }

} // namespace

extern "C" {

const char *foretask_group_message() { return message.c_str(); }

// What fails is returned, and need not be logged as well.
void foretask_group_quiet() { FLAGS_caffe2_log_level = c10::GLOG_FATAL; }

int foretask_store_open(const char *host, uint16_t port, bool serves, int64_t limit_ms, const char *prefix, Store **found) {
  return guarded([&] {
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = serves;
    options.waitWorkers = false;
    options.multiTenant = true;
    options.timeout = milliseconds(limit_ms);
    auto inner = c10::make_intrusive<c10d::TCPStore>(host, options);
    *found = new Store{c10::make_intrusive<c10d::PrefixStore>(prefix, std::move(inner))};
  });
}

void foretask_store_close(Store *store) { delete store; }

int foretask_store_set(const Store *store, const char *key, const char *data, size_t length) {
  return guarded([&] { store->inner->set(key, bytes(data, length)); });
}

int foretask_store_add(const Store *store, const char *key, int64_t more, int64_t *sum) {
  return guarded([&] { *sum = store->inner->add(key, more); });
}

int foretask_store_has(const Store *store, const char *key, bool *found) {
  return guarded([&] { *found = store->inner->check({key}); });
}

// The value goes to `take`, which copies it. Waits where there is none.
int foretask_store_get(const Store *store, const char *key, void (*take)(void *, const char *, size_t), void *to) {
  return guarded([&] {
    const auto value = store->inner->get(key);
    take(to, reinterpret_cast<const char *>(value.data()), value.size());
  });
}

// `address` is this rank's own, at which the others reach it; `interface` the name of its network interface, or empty.
int foretask_group_join(const Store *store, const char *address, const char *interface, int rank, int ranks,
                        int64_t connecting_ms, int64_t limit_ms, Group **found) {
  return guarded([&] {
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(connecting_ms));
    options->devices = {*interface != 0 ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                        : c10d::ProcessGroupGloo::createDeviceForHostname(address)};
    options->threads = 2;
    auto inner = c10::make_intrusive<c10d::ProcessGroupGloo>(store->inner, rank, ranks, options);
    inner->setTimeout(milliseconds(limit_ms));
    *found = new Group{std::move(inner)};
  });
}

void foretask_group_close(Group *group) { delete group; }

// Changes the tensor, to the sum of all ranks'.
int foretask_group_sum(const Group *group, const at::Tensor *x) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{*x};
    finish(group->inner->allreduce(tensors));
  });
}

// `all` has room for the tensors of all ranks, one after another.
int foretask_group_gather(const Group *group, const at::Tensor *x, const at::Tensor *all) {
  return guarded([&] {
    at::Tensor input = *x, output = *all;
    finish(group->inner->_allgather_base(output, input));
  });
}

// Changes the tensor on all ranks but `from`.
int foretask_group_broadcast(const Group *group, const at::Tensor *x, int from) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{*x};
    c10d::BroadcastOptions options;
    options.rootRank = from;
    finish(group->inner->broadcast(tensors, options));
  });
}

int foretask_group_barrier(const Group *group) {
  return guarded([&] { finish(group->inner->barrier()); });
}

}
