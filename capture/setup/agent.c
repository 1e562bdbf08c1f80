/* Settings are found as the agents find them: by their own variable, else below the home. Links of the home itself, and of a
 * directory that a variable names, are followed; below it none is. */
#include "capture/setup/agent.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "capture/find/find.h"

/* What the source hook understands. WorktreeCreate and MessageDisplay are never asked for: they replace what the agent does,
 * or hold it up. */
static const char *const claude_events[] = {"SessionStart",
                                            "PreToolUse",
                                            "PermissionRequest",
                                            "PermissionDenied",
                                            "PostToolUse",
                                            "PostToolUseFailure",
                                            "SubagentStart",
                                            "SubagentStop",
                                            "Elicitation",
                                            "ElicitationResult",
                                            "PreCompact",
                                            "SessionEnd",
                                            NULL};
static const char *const codex_events[] = {"SessionStart",  "PreToolUse",   "PermissionRequest", "PostToolUse",
                                           "SubagentStart", "SubagentStop", "SessionEnd",        NULL};
static const char *const gemini_events[] = {"SessionStart", "BeforeTool", "AfterTool", "SessionEnd", NULL};

static const char *const goose_events[] = {"SessionStart",       "PreToolUse", "PostToolUse",
                                           "PostToolUseFailure", "SessionEnd", NULL};

static const struct setup_agent agents[] = {
#define AGENT(name_, title_, program_, variable_, dir_, file_, form_, unit_)                                               \
    {.name = name_,                                                                                                        \
     .title = title_,                                                                                                      \
     .program = program_,                                                                                                  \
     .variable = variable_,                                                                                                \
     .dir = dir_,                                                                                                          \
     .file = file_,                                                                                                        \
     .form = form_,                                                                                                        \
     .timeout_unit = unit_,                                                                                                \
     .events = (form_) == SETUP_JSON    ? claude_events                                                                    \
               : (form_) == SETUP_TOML  ? codex_events                                                                     \
               : (form_) == SETUP_JSONC ? gemini_events                                                                    \
                                        : NULL},
#define PLUGIN(name_, title_, program_, variable_, dir_, own_)                                                             \
    {.name = name_,                                                                                                        \
     .title = title_,                                                                                                      \
     .program = program_,                                                                                                  \
     .variable = variable_,                                                                                                \
     .dir = dir_,                                                                                                          \
     .own = own_,                                                                                                          \
     .form = SETUP_PLUGIN,                                                                                                 \
     .events = goose_events},
#define UNCHANGED(name_, title_, program_, dir_, why_)                                                                     \
    {.name = name_, .title = title_, .program = program_, .dir = dir_, .unchanged = why_},
#include "capture/setup/agents.def"
#undef AGENT
#undef PLUGIN
#undef UNCHANGED
};

size_t setup_agent_count(void) {
    return sizeof(agents) / sizeof(agents[0]);
}

const struct setup_agent *setup_agent_at(size_t i) {
    return &agents[i];
}

const struct setup_agent *setup_agent_find(const char *name) {
    for (size_t i = 0; i < setup_agent_count(); i++) {
        if (strcmp(agents[i].name, name) == 0) return &agents[i];
    }
    return NULL;
}

/* One ledger may be used by several homes, and an agent's directory may be moved: a record is of one file. */
static void set_id(struct setup_place *place) {
    uint8_t digest[HASH_LEN];
    char hex[2 * 6 + 1];
    const struct bytes parts[] = {bytes_of(place->base), bytes_of("/"), bytes_of(place->below)};
    hash_parts(digest, parts, 3);
    text_hex(hex, digest, 6);
    snprintf(place->id, sizeof(place->id), "%s-%s", place->agent->name, hex);
}

static bool has_record(const struct setup_world *world, const struct setup_place *place) {
    char path[2 * FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/setup/%s.json", world->dir, place->id);
    return file_exists(path);
}

/* Of a project, its settings that are not shared with others. */
static int project_place(const struct setup_world *world, struct setup_place *ret, struct err *err) {
    snprintf(ret->below, sizeof(ret->below), ".claude/settings.local.json");
    ret->found = true;
    if (snprintf(ret->base, sizeof(ret->base), "%s", world->project) >= (int)sizeof(ret->base)) {
        return err_set(err, ERR_LIMIT, "the project's path is too long");
    }
    set_id(ret);
    return 0;
}

/* Codex reads hooks from one of two files, and warns when both have some. What was connected stays where it is. */
static void choose_file(const struct setup_world *world, const char *dir, struct setup_place *place) {
    char other[FILE_PATH_MAX];
    if (place->form != SETUP_TOML || has_record(world, place) || file_join(other, dir, "hooks.json", NULL) != 0 ||
        !file_exists(other)) {
        return;
    }
    char *slash = strrchr(place->below, '/');
    char *name = slash != NULL ? slash + 1 : place->below;
    place->form = SETUP_JSON;
    snprintf(name, sizeof(place->below) - (size_t)(name - place->below), "hooks.json");
    set_id(place);
}

int setup_place_find(const struct setup_world *world, const struct setup_agent *agent, struct setup_place *ret,
                     struct err *err) {
    char dir[FILE_PATH_MAX];
    const char *moved = agent->variable != NULL ? world->env(agent->variable) : NULL;
    bool xdg = agent->variable != NULL && strncmp(agent->variable, "XDG_", 4) == 0;
    memset(ret, 0, sizeof(*ret));
    ret->agent = agent;
    ret->form = agent->form;
    if (world->project != NULL) return project_place(world, ret, err);
    moved = moved != NULL && moved[0] == '/' ? moved : NULL;
    int rc = 0;
    if (agent->own != NULL) {
        snprintf(ret->base, sizeof(ret->base), "%s", moved != NULL ? moved : world->home);
        snprintf(ret->below, sizeof(ret->below), "%s", agent->own);
        rc = file_join(dir, ret->base, agent->dir, err);
    } else if (moved != NULL && !xdg) {
        snprintf(ret->base, sizeof(ret->base), "%s", moved);
        snprintf(ret->below, sizeof(ret->below), "%s", agent->file != NULL ? agent->file : "");
        snprintf(dir, sizeof(dir), "%s", moved);
    } else {
        const char *below = xdg && moved != NULL ? agent->name : agent->dir;
        snprintf(ret->base, sizeof(ret->base), "%s", xdg && moved != NULL ? moved : world->home);
        if (snprintf(ret->below, sizeof(ret->below), "%s/%s", below, agent->file != NULL ? agent->file : "") < 0)
            return ERR_LIMIT;
        rc = file_join(dir, ret->base, below, err);
    }
    if (rc != 0) return rc;
    ret->found = file_exists(dir) || find_program(world->env, agent->program);
    set_id(ret);
    choose_file(world, dir, ret);
    return 0;
}

void setup_place_name(const struct setup_place *place, char ret[SETUP_NAME_MAX]) {
    const char *colon = place->server[0] != '\0' ? ":" : "";
    snprintf(ret, SETUP_NAME_MAX, "%s%s%s%s", place->agent->name, place->table != NULL ? ":mcp" : "", colon, place->server);
}
