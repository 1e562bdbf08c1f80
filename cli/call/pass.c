/* Passphrases are read byte by byte into locked memory, so that no stdio buffer ever holds one. */
#include "cli/call/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/text.h"

#define KEY_INTR      0x03
#define KEY_EOF       0x04
#define KEY_BACKSPACE 0x08
#define KEY_KILL      0x15
#define KEY_DELETE    0x7f

#define PROMPT_MAX ((size_t)8192)

struct bytes pass_bytes(const struct pass *pass) {
    return (struct bytes){.p = pass->p, .n = pass->n};
}

void pass_done(struct pass *pass) {
    crypt_secret_free(pass->p);
    pass->p = NULL;
    pass->n = 0;
}

/* One byte: 1, 0 at the end, -1 with errno. */
static ssize_t read_byte(int fd, uint8_t *ret) {
    ssize_t n;
    do {
        n = read(fd, ret, 1);
    } while (n < 0 && errno == EINTR);
    return n;
}

static int put_byte(struct pass *pass, uint8_t c, const char *what, struct err *err) {
    if (pass->n == PASS_MAX) {
        return err_set(err, ERR_INVALID, "the passphrase from %s is longer than %d bytes", what, PASS_MAX);
    }
    pass->p[pass->n++] = c;
    return 0;
}

static int read_line(int fd, const char *what, struct pass *ret, struct err *err) {
    struct pass pass = {.p = crypt_secret_new(PASS_MAX)};
    if (!pass.p) return err_set(err, ERR_NOMEM, "no locked memory for the passphrase");
    int rc = 0;
    while (rc == 0) {
        uint8_t c = 0;
        ssize_t n = read_byte(fd, &c);
        if (n < 0 && errno == EBADF) {
            rc = err_set(err, ERR_INVALID, "%s is not open for reading", what);
            break;
        }
        if (n < 0) {
            rc = err_errno(err, errno, "reading the passphrase from %s", what);
            break;
        }
        if (n == 0 || c == '\n') break;
        rc = put_byte(&pass, c, what, err);
    }
    if (rc == 0 && pass.n > 0 && pass.p[pass.n - 1] == '\r') {
        pass.n--;
    }
    if (rc == 0 && pass.n == 0) {
        rc = err_set(err, ERR_INVALID, "the passphrase from %s is empty", what);
    }
    if (rc != 0) {
        pass_done(&pass);
        return rc;
    }
    pass_done(ret);
    *ret = pass;
    return 0;
}

static int read_file(const char *file, struct pass *ret, struct err *err) {
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return err_errno(err, errno, "passphrase file '%s'", file);
    struct stat st;
    int rc = 0;
    if (fstat(fd, &st) != 0) {
        rc = err_errno(err, errno, "passphrase file '%s'", file);
    } else if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        rc = err_set(err, ERR_INVALID, "passphrase file '%s' has mode %04o, accessible to group or others (expected 0600)",
                     file, (unsigned)(st.st_mode & 07777));
    } else if (S_ISREG(st.st_mode) && st.st_uid != geteuid() && st.st_uid != 0) {
        rc = err_set(err, ERR_INVALID, "passphrase file '%s' belongs to another user", file);
    } else {
        char what[300];
        snprintf(what, sizeof(what), "file '%.250s'", file);
        rc = read_line(fd, what, ret, err);
    }
    close(fd);
    return rc;
}

int pass_read(const char *fd, const char *file, struct pass *ret, struct err *err) {
    if (fd && file) {
        return err_set(err, ERR_INVALID, "give the passphrase by a descriptor or by a file, not both");
    }
    if (file) return read_file(file, ret, err);
    if (!fd) return 0;
    uint64_t number = 0;
    if (text_parse_u64(bytes_of(fd), &number) != 0 || number > 65535) {
        return err_set(err, ERR_INVALID, "'%s' is not a descriptor number (expected 0 to 65535)", fd);
    }
    char what[40];
    snprintf(what, sizeof(what), "descriptor %d", (int)number);
    return read_line((int)number, what, ret, err);
}

static void write_tty(int tty, struct bytes text) {
    ssize_t done = write(tty, text.p, text.n);
    (void)done; /* if the terminal cannot show the prompt, it cannot show an error either */
}

/* The prompt contains a file name. */
static void write_tty_safe(int tty, const char *text) {
    struct buf safe = {.max = PROMPT_MAX};
    text_safe(&safe, bytes_of(text));
    write_tty(tty, bytes_of_buf(&safe));
    buf_done(&safe);
}

/* Reads keys until Enter from a terminal in raw mode. */
static int read_keys(int tty, struct pass *pass, struct err *err) {
    for (;;) {
        uint8_t c = 0;
        ssize_t n = read_byte(tty, &c);
        if (n <= 0 || c == KEY_INTR || (c == KEY_EOF && pass->n == 0)) {
            return err_set(err, ERR_INVALID, "no passphrase was given");
        }
        if (c == '\r' || c == '\n') {
            return pass->n > 0 ? 0 : err_set(err, ERR_INVALID, "the passphrase is empty");
        }
        if (c == KEY_BACKSPACE || c == KEY_DELETE) {
            while (pass->n > 0 && (pass->p[--pass->n] & 0xc0) == 0x80) { /* back over one whole UTF-8 character */
            }
        } else if (c == KEY_KILL) {
            pass->n = 0;
        } else if (c >= 0x20) {
            int rc = put_byte(pass, c, "the terminal", err);
            if (rc != 0) return rc;
        }
    }
}

/* Prompts and reads once. Meanwhile keyboard signals are off and other signals are blocked, so that the terminal is never
 * left without echo. */
static int ask_once(int tty, const char *prompt, struct pass *ret, struct err *err) {
    struct pass pass = {.p = crypt_secret_new(PASS_MAX)};
    struct termios before, quiet;
    if (!pass.p) return err_set(err, ERR_NOMEM, "no locked memory for the passphrase");
    if (tcgetattr(tty, &before) != 0) {
        pass_done(&pass);
        return err_errno(err, errno, "the terminal");
    }
    sigset_t held, old;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, &old);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    write_tty_safe(tty, prompt);
    int rc = read_keys(tty, &pass, err);
    write_tty(tty, bytes_of("\n"));
    tcsetattr(tty, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (rc != 0) {
        pass_done(&pass);
        return rc;
    }
    *ret = pass;
    return 0;
}

int pass_ask(const char *prompt, bool twice, struct pass *ret, struct err *err) {
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        return err_set(err, ERR_NOTFOUND, "a passphrase is needed and there is no terminal to ask on");
    }
    struct pass first = {0}, second = {0};
    int rc = ask_once(tty, prompt, &first, err);
    if (rc == 0 && twice) {
        rc = ask_once(tty, "once more: ", &second, err);
        if (rc == 0 && (first.n != second.n || !crypt_same(first.p, second.p, first.n))) {
            rc = err_set(err, ERR_INVALID, "the two passphrases differ");
        }
    }
    close(tty);
    pass_done(&second);
    if (rc != 0) {
        pass_done(&first);
        return rc;
    }
    pass_done(ret);
    *ret = first;
    return 0;
}
