/* What kills a process while it reads a database: LMDB maps the file and believes its pages, so one that is cut short or
 * damaged is SIGBUS, SIGSEGV, SIGFPE or an assertion of LMDB's. Which deaths those are, and which are faults of the program
 * or the system, is what a signal's handler asks here.
 *
 *   the address is in the map of a database, or the thread is in a call of LMDB's    that database cannot be read
 *   the same, and that database was written to while nothing could hold a snapshot   nothing is known of it
 *   anything else                                                                    not the database's fault
 *
 * On a read-only mount LMDB leaves out its lock file without a word: then a reader registers nowhere, and whoever writes
 * elsewhere uses the pages again that it reads. */
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

/* For a handler of SIGBUS, SIGSEGV, SIGFPE, SIGILL or SIGABRT, in the thread that it came to; may be called there.
 * *ret_path: the database's directory, "" when it is none; valid as long as it is open. */
enum db_fault db_fault_of(int number, const siginfo_t *info, const char **ret_path);

/* A database that this process opened where no snapshot can be held was written to since: what was read of it may be any
 * mixture, so faults that were found prove nothing. Stays so when it is closed. */
bool db_fault_unheld(void);

#endif
