/* What a permission reaches, as text: whether a scope makes sense at all, and whether a grant of one reaches another.
 *
 * Scopes are compared as they are written: nothing is opened, resolved, decoded or folded. So each must have only one
 * spelling, and a scope with more than one (a path with '..', a host in capitals) is a fault: it is not accepted in a
 * grant, grants nothing where an old event has it, and nobody holds it. The program that opens a file judges where a
 * link leads.
 *
 * A table gives the form that the scopes of a group have (scope_form_of):
 *
 *   path  filesystem.read, filesystem.write, exec, secrets.read; also an unknown group
 *   host  network.egress: a name or an address, and a port: api.example.org, api.example.org:443, [2001:db8::1]:443
 *   name  model.invoke, gpu
 *
 * Patterns are those of base/glob.h; their '*' matches '/' too. The empty scope is everything. */
#ifndef LEDGER_KINDS_SCOPE_H
#define LEDGER_KINDS_SCOPE_H

#include "base/bytes.h"
#include "base/err.h"

#define SCOPE_MAX 4000 /* bytes; less than a row holds, so that no scope is judged by a part of it */

enum scope_form { SCOPE_PATH, SCOPE_HOST, SCOPE_NAME };
enum scope_form scope_form_of(struct bytes group);
const char *scope_form_name(enum scope_form form);

/* What is wrong with it, as the words that follow "it ...": "has a '..' segment"; NULL: nothing. For grants and requests,
 * patterns or not. A static text. */
const char *scope_fault(struct bytes group, struct bytes scope);
/* The same for what a use or a call names: a pattern is a fault too, because it says what may be reached, not what was. */
const char *scope_use_fault(struct bytes group, struct bytes scope);
/* Whether it is a pattern, which an address in brackets is not. */
bool scope_is_pattern(struct bytes group, struct bytes scope);
/* Whether a grant of `pattern` reaches all of `asked`, which may also be a pattern or "". False if either has a fault, or
 * if one path is absolute and the other is not. */
bool scope_covers(struct bytes group, struct bytes pattern, struct bytes asked);
/* Whether a refusal of `pattern` concerns `asked`, a scope of `group`, or, when `asked` is a pattern or "", a part of it. A
 * refusal of a host without a port concerns all its ports. A requested pattern reaches either relative or absolute paths,
 * as in scope_covers, and refusals of those concern it. Faults are ignored, so that no scope escapes a refusal by having
 * one. */
bool scope_touches(struct bytes group, struct bytes pattern, struct bytes asked);
/* Whether a grant of `granted` reaches all that a refusal of `refused` concerns: for a host also its ports, and for a path
 * that begins with a wildcard also the absolute paths. May say false where two things together would. */
bool scope_undoes(struct bytes group, struct bytes granted, struct bytes refused);
/* As scope_touches, but for all of `asked`. */
bool scope_refuses(struct bytes group, struct bytes pattern, struct bytes asked);
/* A host without its port; a scope of another form unchanged. */
struct bytes scope_host(struct bytes group, struct bytes scope);

/* T0 to T3 as 0 to 3; -1 for any other word. */
#define TIER_UNKNOWN (-1)
int scope_tier(struct bytes word);

#endif
