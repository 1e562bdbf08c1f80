/* The handler runs on its own stack, because the thread's may have overflowed. */
#include "base/fault.h"

#include <stdint.h>
#include <string.h>

#define STACK_BYTES 65536

static uint8_t stack[STACK_BYTES];

static const int caught[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT};

void fault_catch(void (*handler)(int number, siginfo_t *info, void *context)) {
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    action.sa_flags |= sigaltstack(&own, NULL) == 0 ? SA_ONSTACK : 0;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        sigaction(caught[i], &action, NULL);
    }
}

const char *fault_name(int number) {
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGBUS, "SIGBUS"},   {SIGSEGV, "SIGSEGV"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"},  {SIGABRT, "SIGABRT"},
                 {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"},  {SIGALRM, "SIGALRM"},
                 {SIGXCPU, "SIGXCPU"}, {SIGQUIT, "SIGQUIT"}, {SIGSYS, "SIGSYS"}, {SIGTRAP, "SIGTRAP"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == number) return names[i].name;
    }
    return "a signal";
}
