/* What setup adds to sources.conf for the telemetry that it lets agents send: the receiver, as one section with a comment by which
 * --undo knows it. It goes when no agent sends telemetry by setup any more, if it is still as it was written. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/http/listen.h"
#include "cli/capture/setup_receiver.h"
#include "cli/capture/setup_section.h"
#include "cli/print/say.h"

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
    cli_note(cli, "ledger: setup: %s; %s: 'ledger sources run%s%s'%s; one that runs already looks again on SIGHUP", intro,
             one ? "it records while it runs" : "they record while they run", one ? " " : "", name,
             managed ? ", or for good: 'ledger sources units'" : "");
}

static struct setup_sections sections_of(const struct setup_receiver *r) {
    return (struct setup_sections){r->cli, r->ledger, r->actor, !r->named};
}

static int add_section(const struct setup_receiver *r, struct err *err) {
    const struct setup_sections sections = sections_of(r);
    char lines[512];
    snprintf(lines, sizeof(lines), "source = otlp\nlisten = %s\n", r->address);
    return setup_section_add(&sections, NAME, bytes_of(lines), err);
}

static int drop_section(const struct setup_receiver *r, struct err *err) {
    const struct setup_sections sections = sections_of(r);
    return setup_section_drop(&sections, NAME, err);
}

/* 0: as it was written, for this address; ERR_CONFLICT: changed since; ERR_NOTFOUND: there is none of ours. By its own name it is
 * ours whatever it was added for. */
static int look(const struct setup_receiver *r, char ret_address[256], struct err *err) {
    struct sources_conf conf = {0};
    int rc = sources_conf_load(&conf, r->cli->dir, err);
    const struct sources_entry *e = rc == 0 ? sources_conf_find(&conf, NAME) : NULL;
    if (rc == 0) {
        enum setup_section state = e != NULL ? setup_section_look(e, !r->named) : SETUP_SECTION_OTHERS;
        rc = state == SETUP_SECTION_OURS ? 0 : state == SETUP_SECTION_CHANGED ? ERR_CONFLICT : ERR_NOTFOUND;
        snprintf(ret_address, 256, "%s", rc != ERR_NOTFOUND && e->listen != NULL ? e->listen : "");
    }
    sources_conf_done(&conf);
    return rc;
}

/* Of the section that setup added. */
static int change_unit(const struct setup_receiver *r, bool undoes) {
    static const char *const names[] = {NAME};
    const struct setup_sections sections = sections_of(r);
    char address[256];
    bool ours = undoes || look(r, address, NULL) == 0;
    return ours ? setup_section_units(&sections, names, 1, undoes) : 0;
}

struct senders {
    const char *address; /* NULL: any */
    bool (*keeps)(void *ctx, const char *agent);
    void *ctx;
    char names[256]; /* as a list */
    size_t n;
};

/* An agent that setup lets send to this address; with `keeps`, only if that is true of it. */
static int take_sender(void *ctx, const struct setup_record *record, struct err *err) {
    struct senders *s = ctx;
    (void)err;
    if (record->otlp[0] != '\0' && (s->address == NULL || strcmp(record->otlp, s->address) == 0) &&
        (s->keeps == NULL || s->keeps(s->ctx, record->agent)) && s->n < 180) {
        s->n += (size_t)snprintf(s->names + s->n, sizeof(s->names) - s->n, "%s%s", s->n > 0 ? ", " : "", record->agent);
    }
    return 0;
}

int setup_receiver_check(const struct setup_receiver *r, bool (*keeps)(void *ctx, const char *agent), void *ctx) {
    struct sources_conf conf = {0};
    struct err err = {0};
    const char *name;
    char address[256] = "";
    struct senders senders = {.address = address, .keeps = keeps, .ctx = ctx};
    int rc = sources_conf_load(&conf, r->cli->dir, &err);
    bool free_ = rc == 0 && (find_listener(&conf, r->address, &name) || sources_conf_find(&conf, NAME) == NULL);
    int state = rc == 0 && !free_ ? look(r, address, &err) : 0;
    sources_conf_done(&conf);
    if (rc != 0) return cli_fail_input(r->cli, &err);
    if (state != 0) {
        return cli_refuse(r->cli, EXIT_NO, ERR_CONFLICT,
                          "sources.conf has a source '" NAME
                          "' already, at another address than %s, and not as setup wrote "
                          "it; nothing was changed",
                          r->address);
    }
    if (address[0] != '\0') {
        (void)setup_record_each(r->world, take_sender, &senders, NULL);
    }
    if (senders.n > 0) {
        return cli_refuse(r->cli, EXIT_NO, ERR_CONFLICT,
                          "%s would still send telemetry to %s, where the receiver '" NAME
                          "' is; name them too. Nothing was "
                          "changed",
                          senders.names, address);
    }
    return 0;
}

int setup_receiver_add(const struct setup_receiver *r) {
    struct sources_conf conf = {0};
    struct err err = {0};
    char intro[SOURCES_NAME_MAX + 128];
    const char *name = NAME;
    int rc = sources_conf_load(&conf, r->cli->dir, &err);
    bool there = rc == 0 && find_listener(&conf, r->address, &name);
    char old[256];
    if (rc == 0 && !there && look(r, old, NULL) == 0) rc = drop_section(r, &err); /* at another address */
    if (rc == 0 && !there) rc = add_section(r, &err);
    if (rc == 0) {
        snprintf(intro, sizeof(intro), "the receiver '%s' is %s sources.conf", name, there ? "in" : "added to");
        setup_say_start(r->cli, intro, name);
    }
    sources_conf_done(&conf);
    if (rc != 0) return rc == ERR_CONFLICT ? cli_fail_as(r->cli, &err, EXIT_NO) : cli_fail_input(r->cli, &err);
    return r->units ? change_unit(r, false) : 0;
}

int setup_receiver_drop(const struct setup_receiver *r) {
    struct err err = {0};
    char address[256];
    struct senders senders = {.n = 0};
    if (!r->named) (void)setup_record_each(r->world, take_sender, &senders, NULL);
    if (senders.n > 0) return 0;
    int rc = look(r, address, &err);
    if (rc == ERR_NOTFOUND) return 0;
    if (rc == ERR_CONFLICT) {
        cli_note(r->cli, "ledger: setup: the receiver '" NAME "' in sources.conf was changed since, and stays");
        return r->named ? EXIT_NO : 0;
    }
    if (rc == 0) rc = drop_section(r, &err);
    if (rc != 0) return cli_fail_input(r->cli, &err);
    cli_note(r->cli, "ledger: setup: the receiver '" NAME "' is removed from sources.conf");
    return change_unit(r, true);
}

bool setup_receiver_find(const struct setup_receiver *r, char ret_name[256], char ret_address[256]) {
    struct sources_conf conf = {0};
    const char *name = NULL;
    bool there =
        sources_conf_load(&conf, r->cli->dir, NULL) == 0 && r->address != NULL && find_listener(&conf, r->address, &name);
    const struct sources_entry *e = sources_conf_find(&conf, there ? name : NAME);
    there = e != NULL && e->listen != NULL;
    snprintf(ret_name, 256, "%s", there ? e->name : NAME);
    snprintf(ret_address, 256, "%s", there ? e->listen : "");
    sources_conf_done(&conf);
    return there;
}
