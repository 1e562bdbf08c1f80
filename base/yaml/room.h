/* YAML and JSON texts that people write, as trees whose nodes know their line and column: manifests of packs, suites,
 * policies.
 *
 * Sees: base's own files. Begin with yaml.h.
 *
 *   yaml   the door to libyaml: what is accepted, what is refused, and where
 *
 * Words. "Plain": a scalar without quotes, which may be a number or a boolean. "Fault": something that is refused, with its
 * place. */
#ifndef BASE_YAML_ROOM_H
#define BASE_YAML_ROOM_H

#endif
