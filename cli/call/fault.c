/* A signal handler may call little: the message is written piece by piece with write(2), and the process ends with _exit. */
#include "cli/call/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "cli/call/cli.h"
#include "ledger/store/db_fault.h"

static void write_words(const char *const *words) {
    for (; *words != NULL; words++) {
        ssize_t done = write(STDERR_FILENO, *words, strlen(*words));
        (void)done;
    }
}

#define ASIDE_MAX 9

/* Renames damaged derived data, so that it is rebuilt; false: it is the evidence, or cannot be renamed. */
static bool set_aside(const char *path, char to[FILE_PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    size_t n = strlen(path);
    if (strncmp(slash == NULL ? path : slash + 1, "derived", 7) != 0 || n + sizeof(".damaged-1") > FILE_PATH_MAX) {
        return false;
    }
    memcpy(to, path, n);
    memcpy(to + n, ".damaged-1", sizeof(".damaged-1"));
    char *digit = to + n + sizeof(".damaged-1") - 2;
    while (rename(path, to) != 0) {
        if (errno != EEXIST && errno != ENOTEMPTY) return false;
        if (*digit == '0' + ASIDE_MAX) return false;
        (*digit)++;
    }
    return true;
}

void fault_exit(int number, siginfo_t *info, void *context) {
    const char *path;
    enum db_fault fault = db_fault_of(number, info, &path);
    char to[FILE_PATH_MAX];
    const char *const aside[] = {"ledger: reading derived data, '",
                                 path,
                                 "', ended in ",
                                 fault_name(number),
                                 ": it is damaged and was set aside as '",
                                 to,
                                 "'; it is not evidence and will be rebuilt: try again\n",
                                 NULL};
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
                                     ": a fault of the program or of the system; it says nothing about the ledger\n", NULL};
    (void)context;
    if (fault == DB_FAULT_READING && set_aside(path, to)) {
        write_words(aside);
        _exit(EXIT_SYSTEM);
    }
    write_words(fault == DB_FAULT_READING ? damaged : fault == DB_FAULT_UNHELD ? unheld : elsewhere);
    _exit(fault == DB_FAULT_READING ? EXIT_INVALID : EXIT_SYSTEM);
}
