/* Internal to `ledger setup`: sections of sources.conf that it adds, and takes out as long as they are as it wrote them. A comment at
 * their beginning has a digest of the rest. */
#ifndef CLI_CAPTURE_SETUP_SECTION_H
#define CLI_CAPTURE_SETUP_SECTION_H

#include "cli/capture/sources.h"

struct setup_sections {
    struct cli *cli;
    struct ledger *ledger;
    const char *actor;
    bool receiver; /* of telemetry that agents send, with --otlp */
};

enum setup_section {
    SETUP_SECTION_OURS,    /* as setup wrote it */
    SETUP_SECTION_CHANGED, /* changed since */
    SETUP_SECTION_OTHERS   /* not of setup */
};
/* `receiver`: one that was added with --otlp; else any. */
enum setup_section setup_section_look(const struct sources_entry *entry, bool receiver);

/* Adds [name] with these settings, and its event. ERR_CONFLICT: there is one of that name. ERR_INVALID: it cannot run. */
int setup_section_add(const struct setup_sections *s, const char *name, struct bytes lines, struct err *err);
/* Takes out a section that is as setup wrote it, with its event; a file that would be empty then is removed. ERR_NOTFOUND: there
 * is none of that name. ERR_CONFLICT: it is not as setup wrote it. */
int setup_section_drop(const struct setup_sections *s, const char *name, struct err *err);
/* The units of these sections: written, or removed with them. Nothing for none. Returns 0, or an exit code after reporting. */
int setup_section_units(const struct setup_sections *s, const char *const *names, size_t n, bool undoes);

#endif
