/* What is taken from a service is everything that recording does not need. What it reads stays readable: homes are read-only, and
 * /tmp is the real one only where the source or the ledger is below it. */
#include "capture/sources/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

#define FIRST  "# Written by 'ledger sources units'; 'ledger sources units --undo' removes it while it is unchanged.\n"
#define DIGEST "# sha256 of what follows: "
#define LEDGER "# ledger: "

/* A receiver that gets the largest bodies in a row has 110 MiB at its peak, of which a part is the database's pages; see
 * docs/capture.md. */
#define MEMORY_MAX  "256M"
#define MEMORY_HIGH "160M"

static const char confined[] = "NoNewPrivileges=yes\n"
                               "UMask=0077\n"
                               "PrivateUsers=yes\n"
                               "ProtectSystem=strict\n"
                               "ProtectHome=read-only\n"
                               "ProtectProc=invisible\n"
                               "ProtectClock=yes\n"
                               "ProtectHostname=yes\n"
                               "ProtectKernelLogs=yes\n"
                               "ProtectKernelModules=yes\n"
                               "ProtectKernelTunables=yes\n"
                               "ProtectControlGroups=yes\n"
                               "RestrictNamespaces=yes\n"
                               "RestrictRealtime=yes\n"
                               "RestrictSUIDSGID=yes\n"
                               "LockPersonality=yes\n"
                               "MemoryDenyWriteExecute=yes\n"
                               "CapabilityBoundingSet=\n"
                               "AmbientCapabilities=\n"
                               "SystemCallArchitectures=native\n"
                               "SystemCallFilter=@system-service\n"
                               "SystemCallFilter=~@privileged @resources\n"
                               "SystemCallErrorNumber=EPERM\n";

bool sources_unit_has(const struct sources_entry *entry, enum sources_unit unit) {
    bool bound = entry->listen != NULL && strcmp(entry->listen, "passed") != 0;
    return unit == SOURCES_SERVICE || bound;
}

void sources_unit_name(char ret[SOURCES_UNIT_NAME], const char *name, enum sources_unit unit) {
    snprintf(ret, SOURCES_UNIT_NAME, "ledger-source-%.*s.%s", SOURCES_NAME_MAX, name,
             unit == SOURCES_SERVICE ? "service" : "socket");
}

/* One word of a line, in quotes: '%' begins a specifier, and in commands '$' a variable. */
static int put_word(struct buf *out, const char *word, bool command, struct err *err) {
    const struct bytes text = bytes_of(word);
    if (text_utf8_valid(text.p, text.n) != text.n || text_has_control(text)) {
        return err_set(err, ERR_INVALID, "a unit cannot hold the path '%.200s': control characters or invalid UTF-8", word);
    }
    buf_put_u8(out, '"');
    for (; *word != '\0'; word++) {
        if (*word == '%' || (command && *word == '$')) {
            buf_put_u8(out, (uint8_t)*word);
        } else if (*word == '"' || *word == '\\') {
            buf_put_u8(out, '\\');
        }
        buf_put_u8(out, (uint8_t)*word);
    }
    buf_put_u8(out, '"');
    return 0;
}

static bool is_temporary(const char *path) {
    return path != NULL && (strncmp(path, "/tmp/", 5) == 0 || strncmp(path, "/var/tmp/", 9) == 0);
}

static bool needs_temporary(const struct sources_entry *entry, const struct sources_unit_place *place) {
    bool needs = is_temporary(place->dir) || is_temporary(place->keys) || is_temporary(place->program) ||
                 is_temporary(place->pass) || is_temporary(entry->models) || is_temporary(entry->root) ||
                 is_temporary(entry->token_file);
    for (size_t i = 0; i < entry->n_paths; i++) {
        needs = needs || is_temporary(entry->paths[i]);
    }
    return needs;
}

static bool is_below(const char *path, const char *dir) {
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static int put_service(struct buf *out, const struct sources_entry *entry, const struct sources_unit_place *place,
                       struct err *err) {
    char socket[SOURCES_UNIT_NAME];
    bool activated = sources_unit_has(entry, SOURCES_SOCKET);
    bool hardware = strcmp(entry->source->name, "hardware") == 0; /* it asks devices and their tools */
    sources_unit_name(socket, entry->name, SOURCES_SOCKET);
    buf_printf(out,
               "[Unit]\nDescription=ledger: records '%s' (%s)\nDocumentation=man:ledger(1)\n"
               "StartLimitIntervalSec=10min\nStartLimitBurst=5\n",
               entry->name, entry->source->name);
    if (activated) {
        buf_printf(out, "Requires=%s\nAfter=%s\n", socket, socket);
    }
    buf_put_str(out, "\n[Service]\nType=notify\nNotifyAccess=main\nExecStart=");
    int rc = put_word(out, place->program, true, err);
    buf_put_str(out, " -C ");
    if (rc == 0) rc = put_word(out, place->dir, true, err);
    if (rc == 0 && place->pass != NULL) {
        buf_put_str(out, " --passphrase-file ");
        rc = put_word(out, place->pass, true, err);
    }
    buf_printf(
        out,
        " sources run --no-restart %s\nKillSignal=SIGTERM\nTimeoutStartSec=60s\nTimeoutStopSec=15s\nRestart=on-failure\n"
        "RestartSec=2s\nRestartPreventExitStatus=2 3 20 30\n"
        "\nMemoryHigh=" MEMORY_HIGH "\nMemoryMax=" MEMORY_MAX "\nTasksMax=64\nNice=5\n%s",
        entry->name, confined);
    buf_printf(out, "PrivateTmp=%s\nPrivateDevices=%s\nRestrictAddressFamilies=AF_UNIX%s\nReadWritePaths=",
               needs_temporary(entry, place) ? "no" : "yes", hardware ? "no" : "yes",
               entry->listen != NULL || (entry->source->takes & INGEST_URL) != 0 ? " AF_INET AF_INET6" : "");
    if (rc == 0) rc = put_word(out, place->dir, false, err);
    if (rc == 0 && !is_below(place->keys, place->dir)) {
        buf_put_u8(out, ' ');
        rc = put_word(out, place->keys, false, err);
    }
    buf_put_str(out, "\n\n[Install]\nWantedBy=default.target\n");
    if (activated) {
        buf_printf(out, "Also=%s\n", socket);
    }
    return rc;
}

static void put_socket(struct buf *out, const struct sources_entry *entry) {
    const char *port = strrchr(entry->listen, ':');
    bool named = strncmp(entry->listen, "localhost:", 10) == 0;
    buf_printf(out,
               "[Unit]\nDescription=ledger: the address of '%s'\nDocumentation=man:ledger(1)\n\n"
               "[Socket]\nListenStream=%s%s\nBacklog=4096\nNoDelay=yes\n\n[Install]\nWantedBy=sockets.target\n",
               entry->name, named ? "127.0.0.1" : "", named ? port : entry->listen);
}

static void put_head(struct buf *out, struct bytes text, const char *dir) {
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    struct buf rest = {.max = SOURCES_UNIT_MAX};
    buf_printf(&rest, LEDGER "%s\n\n", dir);
    buf_put_bytes(&rest, text);
    const struct bytes all = bytes_of_buf(&rest);
    hash_parts(digest, &all, 1);
    text_hex(hex, digest, sizeof(digest));
    buf_printf(out, FIRST DIGEST "%s\n", hex);
    buf_put_bytes(out, all);
    out->fail = out->fail != 0 ? out->fail : rest.fail;
    buf_done(&rest);
}

int sources_unit_text(struct buf *out, const struct sources_entry *entry, const struct sources_unit_place *place,
                      enum sources_unit unit, struct err *err) {
    struct buf text = {.max = SOURCES_UNIT_MAX};
    const char *port = entry->listen != NULL ? strrchr(entry->listen, ':') : NULL;
    int rc = 0;
    if (port != NULL && strcmp(port, ":0") == 0) {
        rc = err_set(err, ERR_INVALID, "'%s' listens on any free port; a unit needs one port", entry->name);
    } else if (text_has_control(bytes_of(place->dir))) {
        rc = err_set(err, ERR_INVALID, "the ledger's path has control characters, which a unit cannot hold");
    } else if (unit == SOURCES_SOCKET) {
        put_socket(&text, entry);
    } else {
        rc = put_service(&text, entry, place, err);
    }
    if (rc == 0) rc = buf_check(&text, "unit", err);
    if (rc == 0) {
        put_head(out, bytes_of_buf(&text), place->dir);
        rc = buf_check(out, "unit", err);
    }
    buf_done(&text);
    return rc;
}

static enum sources_unit_state judge(struct bytes text, const char *dir) {
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    struct buf head = {.max = 1024}, ledger = {.max = FILE_PATH_MAX + 64};
    size_t n = sizeof(FIRST) - 1 + sizeof(DIGEST) - 1 + 2 * HASH_LEN + 1;
    if (text.n < n) return SOURCES_UNIT_CHANGED;
    const struct bytes rest = {text.p + n, text.n - n};
    hash_parts(digest, &rest, 1);
    text_hex(hex, digest, sizeof(digest));
    buf_printf(&head, FIRST DIGEST "%s\n", hex);
    buf_printf(&ledger, LEDGER "%s\n", dir);
    bool whole = bytes_starts(text, bytes_of_buf(&head)), ours = bytes_starts(rest, bytes_of_buf(&ledger));
    buf_done(&head);
    buf_done(&ledger);
    return !whole ? SOURCES_UNIT_CHANGED : ours ? SOURCES_UNIT_OURS : SOURCES_UNIT_OTHERS;
}

int sources_unit_look(const char *path, const char *dir, enum sources_unit_state *ret, struct err *err) {
    struct buf text = {.max = SOURCES_UNIT_MAX};
    struct err why = {0};
    int rc = file_read_regular(path, &text, &why);
    if (rc == ERR_NOTFOUND) {
        *ret = SOURCES_UNIT_ABSENT;
        rc = 0;
    } else if (rc == 0 || rc == ERR_LIMIT || rc == ERR_INVALID) {
        *ret = rc == 0 ? judge(bytes_of_buf(&text), dir) : SOURCES_UNIT_CHANGED;
        rc = 0;
    } else {
        rc = err_set(err, rc, "%s", why.msg);
    }
    buf_done(&text);
    return rc;
}
