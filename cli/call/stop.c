/* One flag per process, set by a handler that restores the default action after its first call. */
#include "cli/call/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile int stopped;
static volatile int descriptor = -1;

static void on_signal(int number) {
    static const uint64_t one = 1;
    int kept = errno;
    (void)number;
    __atomic_store_n(&stopped, 1, __ATOMIC_RELAXED); /* threads read it */
    if (descriptor >= 0) {
        ssize_t n = write(descriptor, &one, sizeof(one)); /* it cannot fail in a way that matters: the flag is set */
        (void)n;
    }
    errno = kept;
}

void stop_now(void) {
    (void)kill(getpid(), SIGTERM);
}

int stop_descriptor(void) {
    if (descriptor < 0) {
        descriptor = eventfd(stopped != 0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    return descriptor;
}

const volatile int *stop_catch(void) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    return &stopped;
}
