/* A handler may call little: the message is put together with write(2), and the process ends with _exit. */
#include "cli/fault.h"

#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "ledger/db_fault.h"

#define STACK_BYTES 65536

static uint8_t stack[STACK_BYTES]; /* for a stack that has run over */

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
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return "a signal";
}

static void say(const char *const *words) {
    for (; *words != NULL; words++) {
        ssize_t done = write(STDERR_FILENO, *words, strlen(*words));
        (void)done;
    }
}

void fault_exit(int number, siginfo_t *info, void *context) {
    const char *path;
    enum db_fault fault = db_fault_of(number, info, &path);
    const char *const damaged[] = {
        "ledger: reading the database '",
        path,
        "' ended in ",
        fault_name(number),
        ": it is cut short or damaged. 'ledger verify' checks the evidence; the folder 'derived' can be removed without "
        "loss\n",
        NULL};
    const char *const unheld[] = {"ledger: '", path, "': " DB_UNHELD "\n", NULL};
    const char *const elsewhere[] = {"ledger: ended by ", fault_name(number),
                                     ": a fault of the program or of the system, and no word about the ledger\n", NULL};
    (void)context;
    say(fault == DB_FAULT_READING ? damaged : fault == DB_FAULT_UNHELD ? unheld : elsewhere);
    _exit(fault == DB_FAULT_READING ? EXIT_INVALID : EXIT_SYSTEM);
}
