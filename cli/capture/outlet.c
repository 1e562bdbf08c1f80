/* Which receiver it is, and files. A file is locked while it is followed into, because two writers would mix their lines. */
#include "cli/capture/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call/stop.h"
#include "cli/print/out.h"
#include "ledger/version.h"

#define BEGIN      "{\"claim\":"
#define BEARER_MAX HTTP_BEARER_MAX
#define ANSWER_MAX ((size_t)64 << 10)
#define TAIL_PIECE 65536
#define TICK_MS    100
#define GRACE_MS   2000 /* after it was told to stop: a line is not cut off if its reader takes the rest */

/* ---- which ---- */

static int set_target(struct outlet *o, enum outlet_kind kind, const char *target, struct err *err) {
    o->kind = kind;
    if (target[0] == '\0' || strlen(target) >= sizeof(o->target)) {
        return err_set(err, ERR_INVALID, "--to: it names nothing, or has more than %zu bytes", sizeof(o->target) - 1);
    }
    snprintf(o->target, sizeof(o->target), "%s", target);
    return 0;
}

static int recognise(struct outlet *o, const char *to, struct err *err) {
    bool udp = strncmp(to, "udp:", 4) == 0, tcp = strncmp(to, "tcp:", 4) == 0;
    if (out_is_stdout(to) || strcmp(to, "stdout") == 0) return set_target(o, OUTLET_STDOUT, "standard output", err);
    if (strncmp(to, "unix:", 5) == 0) return set_target(o, OUTLET_UNIX, to + 5, err);
    if (strncmp(to, "http://", 7) == 0 || strncmp(to, "https://", 8) == 0) return set_target(o, OUTLET_HTTP, to, err);
    if (udp || tcp) {
        return outlet_is_address(to + 4) ? set_target(o, udp ? OUTLET_UDP : OUTLET_TCP, to + 4, err)
                                         : err_set(err, ERR_INVALID, "--to '%.100s': expected %.3s:HOST:PORT", to, to);
    }
    return set_target(o, outlet_is_address(to) ? OUTLET_TCP : OUTLET_FILE, to, err);
}

static int check_pair(const struct outlet *o, struct err *err) {
    bool http = o->kind == OUTLET_HTTP,
         net = http || o->kind == OUTLET_UNIX || o->kind == OUTLET_UDP || o->kind == OUTLET_TCP;
    if (http && o->format != STREAM_OTLP) {
        return err_set(err, ERR_INVALID, "a URL is for --format otlp; %s goes to standard output, a file or a socket",
                       stream_format_name(o->format));
    }
    if (o->format == STREAM_OTLP && net && !http) {
        return err_set(err, ERR_INVALID, "--format otlp goes to standard output, a file or a URL");
    }
    if (o->format == STREAM_JSONL && o->kind == OUTLET_UDP) {
        return err_set(err, ERR_INVALID, "--format jsonl does not go over UDP, which loses and reorders");
    }
    return 0;
}

/* A token is what the file holds, without the line end. */
static int read_bearer(struct outlet *o, const char *path, struct err *err) {
    if (path == NULL) return 0;
    if (o->kind != OUTLET_HTTP) {
        return err_set(err, ERR_INVALID, "--token-file goes with a URL");
    }
    int rc = file_read_regular(path, &o->bearer, err);
    while (rc == 0 && o->bearer.n > 0 && (o->bearer.p[o->bearer.n - 1] == '\n' || o->bearer.p[o->bearer.n - 1] == '\r')) {
        o->bearer.n--;
    }
    return rc == 0 && o->bearer.n == 0 ? err_set(err, ERR_INVALID, "'%s' is empty; expected a token", path) : rc;
}

/* The base of a collector's address stands for its path of logs. */
static int complete_url(struct outlet *o, struct err *err) {
    const char *host = strstr(o->target, "://") + 3;
    const char *path = strchr(host, '/');
    size_t n = strlen(o->target);
    if (path != NULL && path[1] != '\0') return 0;
    n -= path != NULL;
    return snprintf(o->target + n, sizeof(o->target) - n, "/v1/logs") < (int)(sizeof(o->target) - n)
               ? 0
               : err_set(err, ERR_INVALID, "--to: the address is too long");
}

int outlet_init(struct outlet *outlet, struct cli *cli, enum stream_format format, const char *to, const char *bearer,
                struct err *err) {
    *outlet = (struct outlet){.cli = cli, .format = format, .fd = -1};
    buf_init(&outlet->bearer, BEARER_MAX);
    buf_init(&outlet->text, ANSWER_MAX);
    int rc = recognise(outlet, to, err);
    if (rc == 0) rc = check_pair(outlet, err);
    if (rc == 0) rc = read_bearer(outlet, bearer, err);
    if (rc == 0 && outlet->kind == OUTLET_HTTP) {
        rc = complete_url(outlet, err);
        if (rc == 0) rc = http_open("ledger/" LEDGER_VERSION, &outlet->http, err);
    }
    return rc;
}

/* ---- files ---- */

static int read_at(int fd, void *p, size_t n, off_t at) {
    return pread(fd, p, n, at) == (ssize_t)n ? 0 : -1;
}

/* The offset behind the last line end before `size`; 0 when there is none. */
static int last_line(int fd, off_t size, off_t *ret, struct err *err) {
    uint8_t piece[TAIL_PIECE];
    while (size > 0) {
        size_t n = size < TAIL_PIECE ? (size_t)size : TAIL_PIECE;
        if (read_at(fd, piece, n, size - (off_t)n) != 0) return err_errno(err, errno, "reading the end of the file");
        const uint8_t *end = memrchr(piece, '\n', n);
        if (end != NULL) {
            *ret = size - (off_t)n + (end - piece) + 1;
            return 0;
        }
        size -= (off_t)n;
    }
    *ret = 0;
    return 0;
}

/* Whether it begins as a stream does, as far as it goes. */
static bool begins_as_stream(int fd, off_t size) {
    char first[sizeof(BEGIN) - 1];
    size_t n = size < (off_t)sizeof(first) ? (size_t)size : sizeof(first);
    return read_at(fd, first, n, 0) == 0 && memcmp(first, BEGIN, n) == 0;
}

static int look_at_file(struct outlet *o, uint64_t *ret_cut, struct err *err) {
    struct stat st;
    off_t end = 0;
    *ret_cut = o->size = 0;
    if (flock(o->fd, LOCK_EX | LOCK_NB) != 0) {
        return err_set(err, ERR_BUSY, "'%s' is being written to by another process", o->target);
    }
    if (fstat(o->fd, &st) != 0) return err_errno(err, errno, "'%s'", o->target);
    if (!S_ISREG(st.st_mode) || st.st_size == 0) return 0;
    if (o->format == STREAM_JSONL && !begins_as_stream(o->fd, st.st_size)) {
        return err_set(err, ERR_INVALID,
                       "'%s' exists and is not a stream of this program: its first line does not begin with " BEGIN
                       "; it is not appended to. Rename it, or empty it if it was cut by a rotation, and start again",
                       o->target);
    }
    o->size = (uint64_t)st.st_size;
    int rc = last_line(o->fd, st.st_size, &end, err);
    if (rc == 0 && end < st.st_size) {
        *ret_cut = (uint64_t)(st.st_size - end);
        rc = ftruncate(o->fd, end) == 0 ? 0 : err_errno(err, errno, "'%s': removing the line that was cut", o->target);
        o->size = (uint64_t)end;
    }
    return rc;
}

int outlet_open(struct outlet *outlet, uint64_t *ret_cut, struct err *err) {
    struct outlet *o = outlet;
    *ret_cut = 0;
    if (o->kind == OUTLET_STDOUT) {
        o->fd = STDOUT_FILENO;
        return 0;
    }
    if (o->kind != OUTLET_FILE) return 0;
    o->fd = open(o->target, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, out_mode(OUT_CONTENT));
    if (o->fd < 0) return err_errno(err, errno, "'%s'", o->target);
    int rc = look_at_file(o, ret_cut, err);
    if (rc == 0) rc = file_sync_parent(o->target, err);
    return rc;
}

static bool is_shorter(const struct outlet *o, const struct stat *st) {
    return S_ISREG(st->st_mode) && (uint64_t)st->st_size < o->size;
}

bool outlet_is_cut(const struct outlet *outlet) {
    struct stat st;
    return outlet->kind == OUTLET_FILE && outlet->format == STREAM_JSONL && fstat(outlet->fd, &st) == 0 &&
           is_shorter(outlet, &st);
}

int outlet_restart(struct outlet *outlet, struct err *err) {
    struct stat st;
    off_t end = 0;
    int rc = fstat(outlet->fd, &st) == 0 ? 0 : err_errno(err, errno, "'%s'", outlet->target);
    if (rc == 0 && outlet->format != STREAM_JSONL) {
        end = st.st_size;
    } else if (rc == 0 && begins_as_stream(outlet->fd, st.st_size)) {
        rc = last_line(outlet->fd, st.st_size, &end, err);
    }
    if (rc == 0 && end < st.st_size && ftruncate(outlet->fd, end) != 0) {
        rc = err_errno(err, errno, "'%s': removing what a cut has left", outlet->target);
    }
    outlet->size = (uint64_t)end;
    return rc;
}

enum outlet_fate outlet_look(const struct outlet *outlet) {
    struct stat now, mine;
    if (outlet->kind != OUTLET_FILE || fstat(outlet->fd, &mine) != 0 || !S_ISREG(mine.st_mode)) return OUTLET_KEPT;
    if (stat(outlet->target, &now) != 0 || now.st_dev != mine.st_dev || now.st_ino != mine.st_ino) return OUTLET_MOVED;
    return is_shorter(outlet, &mine) ? OUTLET_CUT : OUTLET_KEPT;
}

int outlet_reopen(struct outlet *outlet, struct err *err) {
    uint64_t cut;
    close(outlet->fd);
    outlet->fd = -1;
    return outlet_open(outlet, &cut, err);
}

/* A pipe whose reader hangs must not keep this process from ending: it is given pieces that never block. */
static int put_pipe(struct outlet *o, struct bytes piece, struct err *err) {
    uint64_t late = 0;
    while (piece.n > 0) {
        struct pollfd fd = {.fd = o->fd, .events = POLLOUT};
        size_t n = piece.n < PIPE_BUF ? piece.n : PIPE_BUF;
        int ready = poll(&fd, 1, TICK_MS);
        if (ready == 0 && *o->stop != 0 && (late += TICK_MS) >= GRACE_MS) {
            return err_set(err, ERR_BUSY, "interrupted");
        }
        if (ready <= 0) continue;
        if (file_put_all(o->fd, piece.p, n) != 0) return ERR_IO;
        piece.p += n;
        piece.n -= n;
    }
    return 0;
}

static int put_all(struct outlet *o, struct bytes piece, struct err *err) {
    struct stat st;
    bool regular = fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!regular) return put_pipe(o, piece, err);
    return file_put_all(o->fd, piece.p, piece.n) == 0 ? 0 : ERR_IO;
}

static int put_file(struct outlet *o, struct bytes piece, struct err *err) {
    int rc = put_all(o, piece, err);
    if (rc == ERR_BUSY) return rc;
    if (rc == 0) {
        o->size += piece.n;
        o->unsynced += piece.n;
        return 0;
    }
    if (errno == EPIPE) {
        return err_set(err, ERR_IO, "%s: its reader is gone", o->target);
    }
    return err_errno(err, errno, "'%s'", o->target);
}

/* Messages are lines here. */
static int put_lines(struct outlet *o, struct bytes piece, struct err *err) {
    buf_clear(&o->text);
    o->text.max = piece.n + 1 > ANSWER_MAX ? piece.n + 1 : ANSWER_MAX;
    buf_put_bytes(&o->text, piece);
    buf_put_u8(&o->text, '\n');
    int rc = buf_check(&o->text, "a message", err);
    return rc == 0 ? put_file(o, bytes_of_buf(&o->text), err) : rc;
}

int outlet_put(struct outlet *outlet, struct bytes piece, struct err *err) {
    switch (outlet->kind) {
    case OUTLET_STDOUT:
    case OUTLET_FILE:
        return outlet->format == STREAM_SYSLOG ? put_lines(outlet, piece, err) : put_file(outlet, piece, err);
    case OUTLET_HTTP:
        return outlet_put_http(outlet, piece, err);
    default:
        return outlet_put_socket(outlet, piece, err);
    }
}

int outlet_sync(struct outlet *outlet, struct err *err) {
    if (outlet->kind == OUTLET_FILE && outlet->unsynced > 0 && fdatasync(outlet->fd) != 0 && errno != EINVAL &&
        errno != ENOTSUP) {
        return err_errno(err, errno, "'%s'", outlet->target);
    }
    outlet->unsynced = 0;
    return 0;
}

void outlet_done(struct outlet *outlet) {
    if (outlet->fd >= 0 && outlet->kind != OUTLET_STDOUT) {
        close(outlet->fd);
    }
    outlet->fd = -1;
    http_close(outlet->http);
    buf_done(&outlet->bearer);
    buf_done(&outlet->text);
}
