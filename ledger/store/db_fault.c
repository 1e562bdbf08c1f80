/* The open databases, in a form that a signal handler can read, and what the kernel says about their maps. */
#include "ledger/store/db_fault.h"

#include <fcntl.h>
#include <unistd.h>

#include "ledger/store/db_env.h"

bool db_fault_unheld(void) {
    bool any = db_maps_unheld();
    for (size_t i = 0; i < DB_MAPS_MAX && !any; i++) {
        const struct db_env *e = db_map_at(i);
        any = e != NULL && db_env_is_unheld(e);
    }
    return any;
}

/* ---- what is mapped where: LMDB does not say, the kernel does ---- */

struct mapping {
    uint64_t from, to, inode;
};

/* A line of /proc/self/maps, read byte by byte: "from-to rwxp offset major:minor inode path". */
struct maps_line {
    struct mapping m;
    uint64_t value;
    unsigned field;
    bool in_word;
};

static void end_word(struct maps_line *l) {
    if (l->field == 0) {
        l->m.from = l->value;
    } else if (l->field == 1) {
        l->m.to = l->value;
    } else if (l->field == 6) {
        l->m.inode = l->value;
    }
    l->field++;
    l->value = 0;
    l->in_word = false;
}

/* True at the end of a line. */
static bool take(struct maps_line *l, uint8_t c) {
    bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
    if (c == '-' && l->field > 0) { /* among the permissions */
        l->in_word = true;
    } else if (c == ' ' || c == '-' || c == ':' || c == '\n') {
        if (l->in_word) {
            end_word(l);
        }
    } else {
        l->in_word = true;
        l->value = l->value * (l->field == 6 ? 10 : 16) + (uint64_t)(digit ? c - '0' : letter ? c - 'a' + 10 : 0);
    }
    return c == '\n';
}

/* The inode of the file that is mapped there; 0: none. */
static uint64_t inode_at(const void *address) {
    uint8_t some[512];
    uint64_t at = (uintptr_t)address, inode = 0;
    struct maps_line line = {.field = 0};
    ssize_t n;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && inode == 0 && (n = read(fd, some, sizeof(some))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (take(&line, some[i])) {
                inode = at >= line.m.from && at < line.m.to ? line.m.inode : inode;
                line = (struct maps_line){.field = 0};
            }
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return inode;
}

static const struct db_env *find(const void *address) {
    uint64_t inode = inode_at(address);
    for (size_t i = 0; i < DB_MAPS_MAX && inode != 0; i++) {
        const struct db_env *e = db_map_at(i);
        if (e != NULL && e->file == inode) return e;
    }
    return NULL;
}

/* Whether this process caused the signal itself, rather than somebody's kill(2). */
static bool is_own(int number, const siginfo_t *info) {
    return number == SIGABRT ? info->si_code == SI_TKILL && info->si_pid == getpid() : info->si_code > 0;
}

enum db_fault db_fault_of(int number, const siginfo_t *info, const char **ret_path) {
    const struct db_env *e = NULL;
    *ret_path = "";
    if (is_own(number, info)) {
        e = db_inside != NULL ? db_inside : number == SIGBUS || number == SIGSEGV ? find(info->si_addr) : NULL;
    }
    if (e == NULL || e->scratch) return DB_FAULT_ELSEWHERE;
    *ret_path = e->path;
    return db_env_is_unheld(e) ? DB_FAULT_UNHELD : DB_FAULT_READING;
}
