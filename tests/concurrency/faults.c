// Loaded before the command's own libraries (LD_PRELOAD): the calls by which a Delta commit
// becomes visible and durable go wrong, by a seed.
//
//   FAULTS_UNDER  only paths below this folder
//   FAULTS_SEED   a number that the faults are drawn by; threads draw as they come
//   FAULTS_RATE   how many of a thousand calls go wrong
//
// A fault is one of: a delay, an error before the call, an error after it has succeeded, the
// process killed before the call, the process killed after it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum fault { NONE, DELAY, FAIL_BEFORE, FAIL_AFTER, KILL_BEFORE, KILL_AFTER };

static uint64_t next_random(void) {
  static uint64_t state;
  static int seeded;
  if (!__atomic_exchange_n(&seeded, 1, __ATOMIC_RELAXED)) {
    const char *seed = getenv("FAULTS_SEED");
    __atomic_fetch_add(&state, seed ? strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15u : 1,
                       __ATOMIC_RELAXED);
  }
  // splitmix64
  uint64_t z = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static int concerns(const char *path) {
  const char *under = getenv("FAULTS_UNDER");
  return under && path && strncmp(path, under, strlen(under)) == 0;
}

static enum fault choose(const char *path) {
  const char *rate = getenv("FAULTS_RATE");
  if (!concerns(path) || !rate) return NONE;
  const uint64_t drawn = next_random();
  if (drawn % 1000 >= strtoull(rate, NULL, 10)) return NONE;
  return (enum fault)(1 + (drawn >> 20) % 5);
}

static int before(enum fault fault) {
  if (fault == DELAY) usleep(1000 * (next_random() % 30));
  if (fault == KILL_BEFORE) raise(SIGKILL);
  if (fault == FAIL_BEFORE) {
    errno = EIO;
    return -1;
  }
  return 0;
}

static int after(enum fault fault, int result) {
  if (result != 0) return result;
  if (fault == KILL_AFTER) raise(SIGKILL);
  if (fault == FAIL_AFTER) {
    errno = EIO;
    return -1;
  }
  return result;
}

#define WITH_FAULT(path, call)              \
  const enum fault fault = choose(path);    \
  if (before(fault) != 0) return -1;        \
  return after(fault, (call))

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int link(const char *from, const char *to) { WITH_FAULT(to, NEXT(link)(from, to)); }

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
  WITH_FAULT(to, NEXT(linkat)(from_fd, from, to_fd, to, flags));
}

int rename(const char *from, const char *to) { WITH_FAULT(to, NEXT(rename)(from, to)); }

int fsync(int descriptor) {
  char link_name[64];
  char path[4096];
  snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link_name, path, sizeof path - 1);
  path[size > 0 ? size : 0] = '\0';
  WITH_FAULT(path, NEXT(fsync)(descriptor));
}
