#!/usr/bin/env bash
# @cloud-copilot/iam-simulate 0.1.173 (npm): conditions that compare the same instant, once written as a date and
# once as seconds since 1970, never hold.
#
# IAM takes times in policies in either form, and its key aws:EpochTime with the Date operators as well as
# with the numeric ones. The simulator compares what it is given as text dates: a policy that lets
# somebody in until a date says "implicitly denied" when it asks aws:EpochTime with DateLessThan, and
# so does one whose date is written in seconds. Whoever tries policies in a pipeline loosens one that
# was right.
#
# What to do: in policies that are to be tried with it, aws:CurrentTime with dates in ISO 8601, or
# aws:EpochTime with numeric operators.
#
# Seen, for 2026-11-30T17:00:00Z, which is 1796058000:
#   EpochTime, numeric operator: Allowed
#   EpochTime, Date operator: ImplicitlyDenied
#   CurrentTime, a date in seconds: ImplicitlyDenied
#   CurrentTime, a date in ISO 8601: Allowed
# Fails when that changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true, "type": "module"}' > package.json
timeout 300 npm install --no-audit --no-fund --save-exact @cloud-copilot/iam-simulate@0.1.173 >/dev/null 2>&1
cat > try.js <<'JS'
import { runSimulation } from '@cloud-copilot/iam-simulate';

async function decide(name, Condition, contextVariables) {
  const out = await runSimulation({
    request: {
      action: 's3:GetObject',
      resource: { resource: 'arn:aws:s3:::bucket/key', accountId: '123456789012' },
      principal: 'arn:aws:iam::123456789012:user/ana',
      contextVariables,
    },
    identityPolicies: [{ name: 'policy', policy: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', Condition }],
    } }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }, {});
  console.log(`${name}: ${out.overallResult}`);
}

const [date, seconds] = ['2026-11-30T17:00:00Z', '1796058000'];
await decide('EpochTime, numeric operator', { NumericEquals: { 'aws:EpochTime': seconds } }, { 'aws:EpochTime': seconds });
await decide('EpochTime, Date operator', { DateEquals: { 'aws:EpochTime': date } }, { 'aws:EpochTime': seconds });
await decide('CurrentTime, a date in seconds', { DateEquals: { 'aws:CurrentTime': seconds } }, { 'aws:CurrentTime': date });
await decide('CurrentTime, a date in ISO 8601', { DateEquals: { 'aws:CurrentTime': date } }, { 'aws:CurrentTime': date });
JS
seen=$(timeout 60 node try.js)
echo "$seen"
[ "$seen" = "EpochTime, numeric operator: Allowed
EpochTime, Date operator: ImplicitlyDenied
CurrentTime, a date in seconds: ImplicitlyDenied
CurrentTime, a date in ISO 8601: Allowed" ] || { echo "this has changed"; exit 1; }
