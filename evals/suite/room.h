/* Suites: what is asked, what is expected of the answers, and what their scores have to reach. Read from YAML or JSON, checked,
 * and known by a digest of what they mean.
 *
 * Sees: the floors below evals; maps are read by the reader of manifests (packs/manifest/record.h). Begin with suite.h, then
 * fields.def, the one table of keys.
 *
 *   suite       what a suite is; load: the way in; whole, free: its memory
 *   form        the table as data, and the structs that its rows fill
 *   read        what all parts of the reader do with places and texts
 *   cases       cases, of the suite's file or of a file of JSON Lines
 *   expect      one expectation: which keys its check has, and in which range
 *   check, metric  their names
 *   thresholds  what no suite may ask, and what this one never reaches
 *   files       the files that cases name: hashed once each
 *   value       values of YAML as JSON
 *   digest      the canonical form of cases and suites
 *   fresh       a suite to begin with
 *
 * Words. "Fault": something that is refused, with its place. "Given": written in the file, not assumed. */
#ifndef EVALS_SUITE_ROOM_H
#define EVALS_SUITE_ROOM_H

#endif
