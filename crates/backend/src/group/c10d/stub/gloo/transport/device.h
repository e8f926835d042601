// Types that libtorch holds whole; here only pointers to them are passed on.
#pragma once

#include <chrono>
#include <memory>

namespace gloo {

class Context {
public:
  void setTimeout(std::chrono::milliseconds);
};

namespace transport {
class Device;
class UnboundBuffer;
} // namespace transport

} // namespace gloo
