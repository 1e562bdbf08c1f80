/* Where `ledger follow` sends what it reads: standard output, a file, a socket, a collector. */
#ifndef CLI_CAPTURE_OUTLET_H
#define CLI_CAPTURE_OUTLET_H

#include "base/file.h"
#include "base/http/http.h"
#include "cli/call/cli.h"
#include "export/stream/stream.h"

enum outlet_kind { OUTLET_STDOUT, OUTLET_FILE, OUTLET_UNIX, OUTLET_UDP, OUTLET_TCP, OUTLET_HTTP };

struct outlet {
    struct cli *cli;
    enum outlet_kind kind;
    enum stream_format format;
    char target[FILE_PATH_MAX]; /* a path, "host:port", or a URL */
    bool once;                  /* a receiver that is not there is tried a few times only */
    int fd;                     /* -1: not open */
    struct http *http;
    struct buf bearer, text;
    uint64_t size;     /* of the file, as far as this process knows */
    uint64_t unsynced; /* bytes */
    bool broken;       /* lines of JSON were cut off in a connection: they cannot be continued */
    uint64_t rejected; /* records that a collector took no part of */
    const volatile int *stop;
};

/* Reads --to: "stdout", "-", "unix:PATH", "udp:HOST:PORT", "tcp:HOST:PORT", "HOST:PORT", a URL, or a path. ERR_INVALID: the
 * format does not go there. `bearer` is a file with a token for a URL; may be NULL. */
int outlet_init(struct outlet *outlet, struct cli *cli, enum stream_format format, const char *to, const char *bearer,
                struct err *err);
/* Opens a file; others are opened by the first piece. A file must be empty or a stream, and belongs to this process until
 * it is closed; a line that a crash has cut is removed. *ret_cut: bytes of it. */
int outlet_open(struct outlet *outlet, uint64_t *ret_cut, struct err *err);
/* What became of the file: renamed or removed (it can still be written to), or cut in place. */
enum outlet_fate { OUTLET_KEPT, OUTLET_MOVED, OUTLET_CUT };
enum outlet_fate outlet_look(const struct outlet *outlet);
/* Whether a file of lines of JSON is shorter than what was written to it: what comes next must begin a section. */
bool outlet_is_cut(const struct outlet *outlet);
/* After a cut: removes what is no whole line, or all if the file no longer begins as a stream does. */
int outlet_restart(struct outlet *outlet, struct err *err);
/* After OUTLET_MOVED: opens what is there under its name, or a new file. */
int outlet_reopen(struct outlet *outlet, struct err *err);
/* Sends a piece and waits until it is taken. ERR_BUSY: it was told to stop, and the piece was not taken. ERR_NET, ERR_IO:
 * the receiver does not take it, whatever is done. */
int outlet_put(struct outlet *outlet, struct bytes piece, struct err *err);
/* Makes what was put durable, as far as this end can. */
int outlet_sync(struct outlet *outlet, struct err *err);
void outlet_done(struct outlet *outlet); /* a zeroed one with fd -1 is fine */

/* ---- outlet_net.c ---- */

/* Waits this long, or until it is told to stop: then true. */
bool outlet_pause(const struct outlet *outlet, uint64_t ms);
int outlet_put_socket(struct outlet *outlet, struct bytes piece, struct err *err);
int outlet_put_http(struct outlet *outlet, struct bytes piece, struct err *err);
/* Whether it has the form HOST:PORT. */
bool outlet_is_address(const char *text);

#endif
