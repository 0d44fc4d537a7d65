// An open file descriptor that is closed once.
#ifndef LAKEGATE_ISOLATION_DESCRIPTOR_H_
#define LAKEGATE_ISOLATION_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace lakegate::isolation {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { Close(); }

  int get() const { return number_; }
  // The caller closes it.
  int release() { return std::exchange(number_, -1); }
  void Close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

}  // namespace lakegate::isolation

#endif  // LAKEGATE_ISOLATION_DESCRIPTOR_H_
