/* The environment comes in here, and nowhere else. */
#include "cli/call/cli.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cli_env(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

int cli_xdg(char ret[FILE_PATH_MAX], const char *variable, const char *below_home, struct err *err) {
    const char *xdg = cli_env(variable);
    if (xdg && xdg[0] == '/') { /* the XDG specification says to ignore relative paths */
        return file_join(ret, xdg, "ledger", err);
    }
    const char *home = cli_env("HOME");
    if (!home) {
        const struct passwd *user = getpwuid(geteuid());
        home = user ? user->pw_dir : NULL;
    }
    if (!home || home[0] != '/') {
        return err_set(err, ERR_NOTFOUND, "neither $%s nor $HOME is set to an absolute path", variable);
    }
    char base[FILE_PATH_MAX];
    int rc = file_join(base, home, below_home, err);
    if (rc == 0) rc = file_join(ret, base, "ledger", err);
    return rc;
}

int cli_find_dir(struct cli *cli, struct err *err) {
    const char *dir = cli->dir_option ? cli->dir_option : cli_env("LEDGER_DIR");
    if (!dir) return cli_xdg(cli->dir, "XDG_STATE_HOME", ".local/state", err);
    if (*dir == '\0') return err_set(err, ERR_INVALID, "option '-C' needs a directory");
    if (snprintf(cli->dir, sizeof(cli->dir), "%s", dir) >= (int)sizeof(cli->dir)) {
        return err_set(err, ERR_LIMIT, "the directory's path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    return 0;
}

void cli_word(struct bytes word, struct buf *out) {
    static const char plain_marks[] = "/._-+:@%,=";
    bool plain = word.n > 0;
    for (size_t i = 0; i < word.n && plain; i++) {
        uint8_t c = word.p[i];
        plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                memchr(plain_marks, c, sizeof(plain_marks) - 1) != NULL;
    }
    buf_put_str(out, plain ? "" : "'");
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '\'') {
            buf_put_str(out, "'\\''");
        } else {
            buf_put_u8(out, word.p[i]);
        }
    }
    buf_put_str(out, plain ? "" : "'");
}

void cli_self(const struct cli *cli, struct buf *out) {
    buf_put_str(out, "ledger");
    if (cli->dir_option) {
        buf_put_str(out, " -C ");
        cli_word(bytes_of(cli->dir_option), out);
    }
}

void cli_command(const struct cli *cli, struct bytes command, struct buf *out) {
    const struct bytes name = bytes_of("ledger ");
    bool quoted = false, first = true;
    for (size_t i = 0; i < command.n; i++) {
        struct bytes rest = {command.p + i, command.n - i};
        first = first || (!quoted && i >= 3 && memcmp(command.p + i - 3, "&& ", 3) == 0);
        if (first && bytes_starts(rest, name)) {
            cli_self(cli, out);
            i += name.n - 2; /* up to the blank */
            first = false;
            continue;
        }
        first = false;
        if (command.p[i] == '\\' && !quoted && i + 1 < command.n) {
            buf_put_u8(out, command.p[i++]);
        } else {
            quoted = command.p[i] == '\'' ? !quoted : quoted;
        }
        buf_put_u8(out, command.p[i]);
    }
}

const char *cli_actor(const char *given, char room[CLI_ACTOR_MAX]) {
    const struct passwd *user = given ? NULL : getpwuid(geteuid());
    if (user && user->pw_name && *user->pw_name) {
        snprintf(room, CLI_ACTOR_MAX, "user:%.100s", user->pw_name);
    } else if (!given) {
        snprintf(room, CLI_ACTOR_MAX, "user:%u", (unsigned)geteuid());
    }
    return given ? given : room;
}
