/* What setup adds to sources.conf for the telemetry that it lets agents send: the receiver, as one section with a comment by which
 * --undo knows it. It goes when no agent is connected by setup any more, if it is still as it was written. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/http/listen.h"
#include "cli/capture/setup_receiver.h"
#include "cli/capture/setup_section.h"

#define NAME "otlp"
/* Who receives at this address already; false: nobody. */
static bool find_listener(const struct sources_conf *conf, const char *address, const char **ret_name) {
    for (size_t i = 0; i < conf->n; i++) {
        const struct sources_entry *e = &conf->entries[i];
        if (e->listen != NULL && httpd_listen_same(e->listen, address)) {
            *ret_name = e->name;
            return true;
        }
    }
    return false;
}

void setup_say_start(const struct cli *cli, const char *intro, const char *name) {
    char place[FILE_PATH_MAX];
    const char *runtime = cli_env("XDG_RUNTIME_DIR");
    bool managed = runtime != NULL && snprintf(place, sizeof(place), "%s/systemd/private", runtime) < FILE_PATH_MAX &&
                   access(place, F_OK) == 0;
    bool one = name[0] != '\0';
    cli_note(cli, "ledger: setup: %s; %s: 'ledger sources run%s%s'%s", intro,
             one ? "it records while it runs" : "they record while they run", one ? " " : "", name,
             managed ? ", or for good: 'ledger sources units'" : "");
}

int setup_receiver_add(const struct setup_receiver *r) {
    struct sources_conf conf = {0};
    struct err err = {0};
    char intro[SOURCES_NAME_MAX + 128], lines[512];
    const char *name = NAME;
    int rc = sources_conf_load(&conf, r->cli->dir, &err);
    bool there = rc == 0 && find_listener(&conf, r->address, &name);
    if (rc == 0 && !there) {
        snprintf(lines, sizeof(lines), "source = otlp\nlisten = %s\n", r->address);
        rc = setup_section_add(&(struct setup_sections){r->cli, r->ledger, r->actor, true}, NAME, bytes_of(lines), &err);
    }
    if (rc == 0) {
        snprintf(intro, sizeof(intro), "the receiver '%s' is %s sources.conf", name, there ? "in" : "added to");
        setup_say_start(r->cli, intro, name);
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

int setup_receiver_drop(const struct setup_receiver *r) {
    struct sources_conf conf = {0};
    struct err err = {0};
    if (is_needed(r->cli->dir)) return 0;
    int rc = sources_conf_load(&conf, r->cli->dir, &err);
    const struct sources_entry *entry = rc == 0 ? sources_conf_find(&conf, NAME) : NULL;
    enum setup_section state = entry != NULL ? setup_section_look(entry, true) : SETUP_SECTION_OTHERS;
    sources_conf_done(&conf);
    if (rc != 0) return cli_fail_input(r->cli, &err);
    if (state == SETUP_SECTION_CHANGED) {
        cli_note(r->cli, "ledger: setup: the receiver '" NAME "' in sources.conf was changed since, and stays");
    }
    if (state != SETUP_SECTION_OURS) return 0;
    rc = setup_section_drop(&(struct setup_sections){r->cli, r->ledger, r->actor, true}, NAME, &err);
    if (rc != 0) return cli_fail(r->cli, &err);
    cli_note(r->cli, "ledger: setup: the receiver '" NAME "' is removed from sources.conf");
    return 0;
}
