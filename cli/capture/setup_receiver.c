/* What setup adds to sources.conf for the telemetry that it lets agents send: the receiver, as one section with a comment by which
 * --undo knows it. It goes when no agent is connected by setup any more, if it is still as it was written. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/sources/edit.h"
#include "cli/capture/setup_receiver.h"
#include "cli/capture/sources.h"

#define NAME "otlp"
#define MARK "# Added by 'ledger setup --apply --otlp'; 'ledger setup --undo' removes it while it is unchanged.\n"

/* Who receives at this address already; false: nobody. */
static bool find_listener(const struct sources_conf *conf, const char *address, const char **ret_name) {
    for (size_t i = 0; i < conf->n; i++) {
        const struct sources_entry *e = &conf->entries[i];
        if (e->listen != NULL && strcmp(e->listen, address) == 0) {
            *ret_name = e->name;
            return true;
        }
    }
    return false;
}

static void say_start(const struct cli *cli, const char *intro, const char *name) {
    char place[FILE_PATH_MAX];
    const char *runtime = cli_env("XDG_RUNTIME_DIR");
    bool managed = runtime != NULL && snprintf(place, sizeof(place), "%s/systemd/private", runtime) < FILE_PATH_MAX &&
                   access(place, F_OK) == 0;
    cli_note(cli, "ledger: setup: %s; it records while it runs: 'ledger sources run %s'%s", intro, name,
             managed ? ", or for good: 'ledger sources units'" : "");
}

static int add_section(const struct setup_receiver *r, struct err *err) {
    struct sources_edit edit;
    struct log_receipt receipt;
    char lines[512];
    snprintf(lines, sizeof(lines), MARK "source = otlp\nlisten = %s\n", r->address);
    int rc = sources_edit_add(&edit, r->cli->dir, NAME, bytes_of(lines), err);
    if (rc != 0) return rc;
    rc = sources_edit_apply(
        r->ledger, &edit, &(struct sources_event){.kind = "setup.applied", .name = NAME, .actor = r->actor}, &receipt, err);
    sources_edit_done(&edit);
    return rc;
}

int setup_receiver_add(const struct setup_receiver *r) {
    struct sources_conf conf = {0};
    struct err err = {0};
    char intro[SOURCES_NAME_MAX + 128];
    const char *name = NAME;
    int rc = sources_conf_load(&conf, r->cli->dir, &err);
    bool there = rc == 0 && find_listener(&conf, r->address, &name);
    if (rc == 0 && !there) rc = add_section(r, &err);
    if (rc == 0) {
        snprintf(intro, sizeof(intro), "the receiver '%s' is %s sources.conf", name, there ? "in" : "added to");
        say_start(r->cli, intro, name);
    }
    sources_conf_done(&conf);
    if (rc == 0) return 0;
    return rc == ERR_CONFLICT ? cli_fail_as(r->cli, &err, EXIT_NO) : cli_fail_input(r->cli, &err);
}

/* Whether setup still keeps a record of an agent. */
static bool is_needed(const char *dir) {
    char path[FILE_PATH_MAX];
    bool found = false;
    DIR *all = file_join(path, dir, "setup", NULL) == 0 ? opendir(path) : NULL;
    for (const struct dirent *one; all != NULL && !found && (one = readdir(all)) != NULL;) {
        const char *end = strrchr(one->d_name, '.');
        found = end != NULL && strcmp(end, ".json") == 0;
    }
    if (all != NULL) {
        closedir(all);
    }
    return found;
}

/* 0: as it was written; ERR_CONFLICT: changed since; ERR_NOTFOUND: there is none of ours. */
static int look(const struct cli *cli, struct err *err) {
    struct sources_conf conf = {0};
    char whole[512];
    int rc = sources_conf_load(&conf, cli->dir, err);
    const struct sources_entry *e = rc == 0 ? sources_conf_find(&conf, NAME) : NULL;
    if (rc == 0 && (e == NULL || memmem(e->text.p, e->text.n, MARK, strlen(MARK)) == NULL)) {
        rc = ERR_NOTFOUND;
    } else if (rc == 0) {
        snprintf(whole, sizeof(whole), "[" NAME "]\n" MARK "source = otlp\nlisten = %.200s\n",
                 e->listen != NULL ? e->listen : "");
        struct bytes text = e->text;
        while (text.n > 0 && text.p[text.n - 1] == '\n' && text.n > strlen(whole)) {
            text.n--; /* the empty line before the next section */
        }
        rc = bytes_is(text, whole) ? 0 : ERR_CONFLICT;
    }
    sources_conf_done(&conf);
    return rc;
}

int setup_receiver_drop(const struct setup_receiver *r) {
    struct sources_edit edit;
    struct log_receipt receipt;
    struct err err = {0};
    if (is_needed(r->cli->dir)) return 0;
    int rc = look(r->cli, &err);
    if (rc == ERR_NOTFOUND) return 0;
    if (rc == ERR_CONFLICT) {
        cli_note(r->cli, "ledger: setup: the receiver '" NAME "' in sources.conf was changed since, and stays");
        return 0;
    }
    if (rc == 0) rc = sources_edit_remove(&edit, r->cli->dir, NAME, &err);
    if (rc != 0) return cli_fail_input(r->cli, &err);
    edit.no_empty = true;
    rc = sources_edit_apply(
        r->ledger, &edit, &(struct sources_event){.kind = "setup.undone", .name = NAME, .actor = r->actor}, &receipt, &err);
    sources_edit_done(&edit);
    if (rc != 0) return cli_fail(r->cli, &err);
    cli_note(r->cli, "ledger: setup: the receiver '" NAME "' is removed from sources.conf");
    return 0;
}
