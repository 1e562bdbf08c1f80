/* A command of this program, run as a guest in a process of its own: what it prints is the answer.
 *
 * So an answer is word for word what the command says, and whatever happens to the process that reads the ledger (damage in the
 * database, too much memory, a statement that takes for ever) ends that answer, not who serves it. The process has nothing on its
 * standard input and GUEST_ENV in its environment, which makes the program refuse to write (cli.h). */
#ifndef SERVE_GUEST_GUEST_H
#define SERVE_GUEST_GUEST_H

#include <poll.h>

#include "base/bytes.h"

#define GUEST_ENV     "LEDGER_GUEST"
#define GUEST_WORDS   64                /* of a command */
#define GUEST_OUT_MAX ((size_t)1 << 20) /* bytes that are read before the process is ended */
#define GUEST_ERR_MAX ((size_t)16 << 10)
#define GUEST_FDS     2

/* Words of a command, which end with NULL as argv does. Zeroed is empty. */
struct guest_words {
    char *word[GUEST_WORDS + 1];
    size_t n;
};
/* Appends a copy. ERR_LIMIT, ERR_NOMEM. */
int guest_word(struct guest_words *words, const char *word, struct err *err);
/* The same of "--NAME=TEXT", so that no text is ever taken for an option. */
int guest_option(struct guest_words *words, const char *name, struct bytes text, struct err *err);
void guest_words_done(struct guest_words *words);

enum guest_end { GUEST_EXITED, GUEST_LATE, GUEST_LARGE, GUEST_DIED };

struct guest {
    int pid, out, err_out; /* -1: closed */
    uint64_t until;        /* clock_monotonic_ns */
    struct buf said, complained;
    enum guest_end end;
    int exit_code; /* GUEST_EXITED */
};

/* Starts `program` with the words behind its name. ERR_IO, ERR_NOMEM. */
int guest_start(const char *program, const struct guest_words *words, uint64_t limit_ns, struct guest *ret,
                struct err *err);
/* What to wait for; `fds` has room for GUEST_FDS. Returns how many. */
size_t guest_fds(const struct guest *answer, struct pollfd *fds);
/* Reads what is there, without waiting. True: it has ended, and `end` says how. */
bool guest_read(struct guest *answer, uint64_t now);
/* The last line of what a command wrote to standard error, without its end: with --json, the error as an object. */
struct bytes guest_last_line(struct bytes complaint);
/* Ends it, if it runs. Zeroed with pid 0 is fine. */
void guest_done(struct guest *answer);

#endif
