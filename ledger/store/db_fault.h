/* What kills a process while it reads a database: LMDB maps the file and believes its pages, so a truncated or damaged file
 * causes SIGBUS, SIGSEGV, SIGFPE or a failed assertion in LMDB. A signal handler asks here which signals have that cause
 * and which are faults of the program or the system.
 *
 *   the address is in the map of a database, or the thread is in a call into LMDB    that database cannot be read
 *   the same, and that database was written to while nothing could hold a snapshot   nothing is known about it
 *   anything else                                                                    not the database's fault
 *
 * On a read-only mount LMDB silently omits its lock file: then a reader registers nowhere, and a writer elsewhere reuses
 * the pages that it reads. */
#ifndef LEDGER_STORE_DB_FAULT_H
#define LEDGER_STORE_DB_FAULT_H

#include <signal.h>
#include <stdbool.h>

#define DB_UNHELD                                                                                                          \
    "it is being written to while it is read through a read-only mount, where no snapshot can be held: read it where it "  \
    "can be written, or read a backup"

enum db_fault {
    DB_FAULT_ELSEWHERE, /* not while a database was read */
    DB_FAULT_READING,   /* its pages cannot be read */
    DB_FAULT_UNHELD     /* they were written to meanwhile: see DB_UNHELD */
};

/* For a handler of SIGBUS, SIGSEGV, SIGFPE, SIGILL or SIGABRT, in the thread that received it; may be called there.
 * *ret_path: the database's directory, "" when there is none; valid as long as the database is open. */
enum db_fault db_fault_of(int number, const siginfo_t *info, const char **ret_path);

/* Whether a database that this process opened where no snapshot can be held was written to since: what was read of it may
 * be any mixture, so faults found in it prove nothing. Stays true when it is closed. */
bool db_fault_unheld(void);

#endif
