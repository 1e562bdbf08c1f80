/* /proc/PID/cmdline says what a process is, /proc/PID/fd which sockets it has (of one's own processes alone), /proc/PID/net/tcp on
 * which port each of them listens. An interpreter is not the program: the word after it is. */
#include "capture/find/process.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define ARGS_MAX    ((size_t)16 << 10)
#define SOCKETS_MAX 256
#define LISTENS     "0A" /* a socket's state */

struct args {
    struct buf text; /* words, a NUL after each */
    size_t at;
};

static const char *next_word(struct args *a) {
    if (a->at >= a->text.n) return NULL;
    const char *word = (const char *)a->text.p + a->at;
    a->at += strlen(word) + 1;
    return word;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The program's word, with the interpreter's own passed over; NULL: there is none. */
static const char *program_of(struct args *a) {
    static const char *const interpreters[] = {"python", "node", "bash", "sh", "uv"};
    const char *word = next_word(a);
    bool runs = false;
    for (size_t i = 0; word != NULL && i < sizeof(interpreters) / sizeof(interpreters[0]); i++) {
        runs = runs || strncmp(base_name(word), interpreters[i], strlen(interpreters[i])) == 0;
    }
    while (runs && (word = next_word(a)) != NULL && word[0] == '-') {
    }
    return word != NULL ? base_name(word) : NULL;
}

/* Whether the text before the bar, or the end, is `program` and, after a blank, `word`. */
static bool fits(const char *what, size_t n, const char *program, const char *word) {
    size_t n_program = strlen(program), n_word = word != NULL ? strlen(word) : 0;
    if (n == n_program && strncmp(what, program, n) == 0) return true;
    return word != NULL && n == n_program + 1 + n_word && strncmp(what, program, n_program) == 0 &&
           what[n_program] == ' ' && memcmp(what + n_program + 1, word, n_word) == 0;
}

static bool is_what(const char *what, struct args *a) {
    a->at = 0;
    const char *program = program_of(a), *word = program != NULL ? next_word(a) : NULL;
    for (size_t n; program != NULL && *what != '\0'; what += n + (what[n] == '|')) {
        n = strcspn(what, "|");
        if (fits(what, n, program, word)) return true;
    }
    return false;
}

/* ---- ports ---- */

static void add_port(struct process *p, uint64_t port) {
    for (size_t i = 0; i < p->n_ports; i++) {
        if (p->ports[i] == port) return;
    }
    if (port > 0 && port < 65536 && p->n_ports < PROCESS_PORTS) {
        p->ports[p->n_ports++] = (uint16_t)port;
    }
}

static void ports_of_arguments(struct process *p, struct args *a) {
    const char *word;
    uint64_t port;
    a->at = 0;
    while ((word = next_word(a)) != NULL) {
        const char *value = strncmp(word, "--port=", 7) == 0 ? word + 7 : strcmp(word, "--port") == 0 ? next_word(a) : NULL;
        if (value != NULL && text_parse_u64(bytes_of(value), &port) == 0) {
            add_port(p, port);
        }
    }
}

/* The numbers of its sockets. */
static size_t sockets_of(const char *dir, uint64_t *ret, size_t max) {
    char path[FILE_PATH_MAX], target[64];
    size_t n = 0;
    DIR *all = file_join(path, dir, "fd", NULL) == 0 ? opendir(path) : NULL;
    for (const struct dirent *one; all != NULL && n < max && (one = readdir(all)) != NULL;) {
        ssize_t length = readlinkat(dirfd(all), one->d_name, target, sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strncmp(target, "socket:[", 8) == 0) {
            ret[n++] = strtoull(target + 8, NULL, 10);
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return n;
}

/* Whether a local address of the table is one at which this machine's loopback is answered: of IPv4 127.0.0.1 and 0.0.0.0, of IPv6
 * all zero, ::1 and the mapped 127.0.0.1. Words are in the machine's order. */
static bool is_local(const char *address) {
    static const char *const local[] = {"0100007F", "00000000", "00000000000000000000000000000000",
                                        "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"};
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        if (strcmp(address, local[i]) == 0) return true;
    }
    return false;
}

static void ports_of_table(struct process *p, const char *dir, const char *table, const uint64_t *sockets, size_t n) {
    char path[FILE_PATH_MAX], line[512], address[40], state[8];
    unsigned port;
    unsigned long long socket;
    FILE *file = file_join(path, dir, table, NULL) == 0 ? fopen(path, "re") : NULL;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, " %*[0-9]: %39[0-9A-F]:%4x %*[0-9A-F]:%*4x %7s %*s %*s %*s %*s %*s %llu", address, &port, state,
                   &socket) != 4 ||
            strcmp(state, LISTENS) != 0 || !is_local(address)) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            if (sockets[i] == socket) add_port(p, port);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void find_ports(struct process *p, const char *dir, struct args *args) {
    uint64_t sockets[SOCKETS_MAX];
    size_t n = sockets_of(dir, sockets, SOCKETS_MAX);
    if (n > 0) {
        ports_of_table(p, dir, "net/tcp", sockets, n);
        ports_of_table(p, dir, "net/tcp6", sockets, n);
    }
    if (p->n_ports == 0) {
        ports_of_arguments(p, args);
    }
}

size_t process_find(const char *root, const char *what, struct process *ret, size_t max) {
    char proc[FILE_PATH_MAX], dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    size_t n = 0;
    snprintf(proc, sizeof(proc), "%.*s/proc", FILE_PATH_MAX - 8, root);
    DIR *all = what[0] != '\0' ? opendir(proc) : NULL;
    for (const struct dirent *one; all != NULL && n < max && (one = readdir(all)) != NULL;) {
        struct args args = {.text = {.max = ARGS_MAX}};
        uint64_t pid;
        if (text_parse_u64(bytes_of(one->d_name), &pid) != 0 || file_join(dir, proc, one->d_name, NULL) != 0 ||
            file_join(path, dir, "cmdline", NULL) != 0) {
            continue;
        }
        (void)file_read(path, &args.text, NULL); /* longer ones are of other programs */
        buf_put_u8(&args.text, '\0');
        if (buf_check(&args.text, "arguments", NULL) == 0 && is_what(what, &args)) {
            ret[n] = (struct process){.pid = (pid_t)pid};
            find_ports(&ret[n++], dir, &args);
        }
        buf_done(&args.text);
    }
    if (all != NULL) {
        closedir(all);
    }
    return n;
}
