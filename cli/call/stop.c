/* One flag per process, set by a handler that restores the default action after its first call. */
#include "cli/call/stop.h"

#include <signal.h>
#include <string.h>

static volatile int stopped;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
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
