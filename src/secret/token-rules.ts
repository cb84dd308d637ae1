import { middleRule, startRule, type SecretRule } from './secret-rule.ts';

/*
 * Formats that a provider gave its tokens so that they can be told from everything else. Sources: the providers' pages
 * and the rule tables of gitleaks and trufflehog. Each pattern either fails within a few characters or takes what it
 * has read, so that no text costs more than its length.
 */

type Row = readonly [kind: string, anchors: readonly string[], pattern: RegExp];

/** Found also in the middle of a word: nothing else looks like them. */
const anywhere: readonly Row[] = [
  [
    'aws-access-key',
    ['akia', 'asia', 'abia', 'acca', 'aroa', 'aida', 'agpa'],
    /(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA)[A-Z2-7][A-Z0-9]{15}(?![A-Z0-9a-z+/])/y,
  ],
  ['github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], /gh[pousr]_[A-Za-z0-9]{30,255}/y],
  ['github-token', ['github_pat_'], /github_pat_\w{22,255}/y],
  [
    'gitlab-token',
    [
      'glpat-',
      'gldt-',
      'glrt-',
      'glptt-',
      'glcbt-',
      'gloas-',
      'glsoat-',
      'glimt-',
      'glagent-',
      'glffct-',
      'glft-',
    ],
    /gl(?:pat|dt|rt|ptt|cbt|oas|soat|imt|agent|ffct|ft)-[\w.-]{20,300}/y,
  ],
  [
    'slack-token',
    ['xoxa-', 'xoxb-', 'xoxe-', 'xoxe.', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xoxc-', 'xoxd-', 'xapp-'],
    /(?:xox[abceoprsd][.-]|xapp-)[\w%./+=-]{16,400}/y,
  ],
  [
    'slack-webhook',
    ['hooks.slack.com/'],
    /hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/+-]{20,200}/y,
  ],
  ['discord-webhook', ['api/webhooks/'], /api\/webhooks\/\d{15,22}\/[\w-]{40,120}/y],
  [
    'teams-webhook',
    ['.webhook.office.com/'],
    /\.webhook\.office\.com\/webhookb2\/[\w@-]{36,100}\/IncomingWebhook\/\w{32}\/[\w-]{36}/y,
  ],
  ['google-api-key', ['aiza'], /AIza[\w-]{35}/y],
  ['google-oauth', ['ya29.', 'gocspx-'], /(?:ya29\.[\w-]{20,400}|GOCSPX-[\w-]{24,40})/y],
  ['openai-key', ['t3blbkfj'], /T3BlbkFJ[\w-]{20,160}/y],
  ['anthropic-key', ['sk-ant-'], /sk-ant-[a-z]{2,8}\d{0,2}-[\w-]{20,200}/y],
  [
    'openai-key',
    ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-none-'],
    /sk-(?:proj|svcacct|admin|None)-[\w-]{20,300}/y,
  ],
  ['openrouter-key', ['sk-or-v1-'], /sk-or-v1-[0-9a-f]{32,80}/y],
  ['langsmith-key', ['lsv2_'], /lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}/y],
  ['nvidia-key', ['nvapi-'], /nvapi-[\w-]{50,100}/y],
  ['perplexity-key', ['pplx-'], /pplx-[A-Za-z0-9]{40,64}/y],
  ['pypi-token', ['pypi-age'], /pypi-AgE[\w-]{40,300}/y],
  ['rubygems-key', ['rubygems_'], /rubygems_[0-9a-f]{48}/y],
  ['docker-token', ['dckr_pat_', 'dckr_oat_'], /dckr_[po]at_[\w-]{24,40}/y],
  ['digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], /do[opr]_v1_[0-9a-f]{64}/y],
  [
    'shopify-token',
    ['shpat_', 'shpca_', 'shppa_', 'shpss_', 'shptka_'],
    /shp(?:at|ca|pa|ss|tka)_[A-Za-z0-9]{32,64}/y,
  ],
  ['square-token', ['sq0atp-', 'sq0csp-', 'sq0idp-'], /sq0[a-z]{3}-[\w-]{22,50}/y],
  ['stripe-key', ['k_live_', 'k_test_', 'k_prod_'], /k_(?:live|test|prod)_[A-Za-z0-9]{10,200}/y],
  ['stripe-webhook', ['whsec_'], /whsec_[A-Za-z0-9+/=]{24,90}/y],
  ['sendinblue-key', ['xkeysib-'], /xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}/y],
  [
    'newrelic-key',
    ['nrak-', 'nrjs-', 'nrii-', 'nrra-', 'nraa-'],
    /NR(?:AK|JS|II|RA|AA)-[A-Za-z0-9-]{19,40}/y,
  ],
  ['sentry-token', ['sntrys_', 'sntryu_'], /sntry[su]_[\w+/=-]{40,400}/y],
  ['pulumi-token', ['pul-'], /pul-[0-9a-f]{40}/y],
  ['planetscale-token', ['pscale_'], /pscale_(?:tkn|pw|oauth)_[\w=.-]{30,64}/y],
  ['supabase-key', ['sbp_', 'sb_secret_'], /(?:sbp_[0-9a-f]{40}|sb_secret_[\w-]{20,80})/y],
  [
    'doppler-token',
    ['dp.pt.', 'dp.st.', 'dp.sa.', 'dp.ct.', 'dp.scim.', 'dp.audit.'],
    /dp\.(?:pt|st|sa|ct|scim|audit)\.[\w.-]{30,80}/y,
  ],
  ['databricks-token', ['dapi'], /dapi[0-9a-f]{32}(?:-\d)?(?![0-9a-f])/y],
  [
    'grafana-token',
    ['glsa_', 'glc_ey'],
    /(?:glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}|glc_ey[A-Za-z0-9+/=]{30,400})/y,
  ],
  ['linear-key', ['lin_api_', 'lin_oauth_'], /lin_(?:api|oauth)_\w{32,128}/y],
  ['postman-key', ['pmak-'], /PMAK-[0-9a-f]{24}-[0-9a-f]{34}/y],
  ['atlassian-token', ['atatt3', 'atctt3', 'atsctt3'], /AT(?:A|C|SC)TT3[\w=+/-]{60,300}/y],
  ['age-key', ['age-secret-key-1'], /AGE-SECRET-KEY-1[0-9A-Z]{58}/y],
  ['onepassword-token', ['ops_eyj'], /ops_eyJ[\w+/=-]{100,2000}/y],
  ['netlify-token', ['nfp_'], /nfp_[A-Za-z0-9]{36,60}/y],
  ['fly-token', ['fm2_', 'fm1r_', 'fm1a_', 'fo1_'], /(?:fm2_|fm1[ra]_|fo1_)[\w+/=-]{40,800}/y],
  ['circleci-token', ['ccipat_', 'ccipra_', 'ccijob_'], /CCI(?:PAT|PRA|JOB)_[\w-]{20,100}/y],
  ['sonar-token', ['squ_', 'sqa_', 'sqp_'], /sq[uap]_[0-9a-f]{40}/y],
  ['contentful-token', ['cfpat-'], /CFPAT-[\w-]{40,60}/y],
  ['dynatrace-token', ['dt0c01.', 'dt0s01.', 'dt0s16.'], /dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}/y],
  ['twitter-token', ['aaaaaaaaaaaaaaaaaaa'], /A{19,24}[A-Za-z0-9]{5,60}%[23][A-F][A-Za-z0-9%]{20,120}/y],
  ['facebook-token', ['eaacede', 'eaajz', 'eaag'], /EAA[A-Za-z0-9]{80,300}/y],
  ['shippo-key', ['shippo_'], /shippo_(?:live|test)_[0-9a-f]{40}/y],
  ['duffel-key', ['duffel_'], /duffel_(?:live|test)_[\w=-]{43}/y],
  ['frameio-token', ['fio-u-'], /fio-u-[\w=-]{60,70}/y],
  ['openshift-token', ['sha256~'], /sha256~[\w-]{43}/y],
  ['infisical-token', ['st.'], /st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}/y],
  ['braintree-token', ['access_token$'], /access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}/y],
  ['hubspot-token', ['pat-na', 'pat-eu'], /pat-(?:na|eu)\d-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/y],
  [
    'plaid-token',
    ['access-sandbox-', 'access-development-', 'access-production-'],
    /access-(?:sandbox|development|production)-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/y,
  ],
  ['launchdarkly-key', ['sdk-', 'mob-'], /(?:sdk|mob)-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/y],
  ['npm-token', ['_authtoken='], /_authToken=(?!\$)[^\s"'\\]{8,400}/y],
  ['easypost-key', ['ezak', 'eztk'], /EZ[AT]K[A-Za-z0-9]{54}(?![A-Za-z0-9+/=])/y],
  ['mapbox-token', ['sk.eyj', 'pk.eyj'], /[sp]k\.eyJ[\w-]{20,400}\.[\w-]{20,60}/y],
  ['tailscale-key', ['tskey-'], /tskey-[a-z]{3,10}-[\w-]{20,80}/y],
  ['bitbucket-token', ['atbb'], /ATBB[A-Za-z0-9]{24}[A-F0-9]{8}(?![A-Za-z0-9+/=])/y],
  ['zapier-webhook', ['hooks.zapier.com/'], /hooks\.zapier\.com\/hooks\/catch\/\d{5,12}\/\w{5,20}/y],
  ['flutterwave-key', ['flwseck'], /FLWSECK(?:_TEST|_LIVE)?-[\w-]{20,60}/y],
  ['razorpay-key', ['rzp_live_', 'rzp_test_'], /rzp_(?:live|test)_[A-Za-z0-9]{14,30}/y],
  ['yandex-key', ['aqvn', 't1.9eu'], /(?:AQVN[\w-]{35,38}|t1\.9eu[\w=-]{40,300}\.[\w=-]{60,120})/y],
];

const hexAnchors = ['sk', 'ac'].flatMap((start) =>
  '0123456789abcdef'.split('').map((digit) => start + digit),
);

/** Found at the start of a word only. */
const alone: readonly Row[] = [
  ['npm-token', ['npm_'], /npm_[A-Za-z0-9]{36,64}/y],
  ['openai-key', ['sk-'], /sk-(?=[\w-]{0,40}\d)[A-Za-z0-9][\w-]{24,200}/y],
  ['elevenlabs-key', ['sk_'], /sk_[0-9a-f]{40,64}/y],
  ['huggingface-token', ['hf_', 'api_org_'], /(?:hf|api_org)_[A-Za-z0-9]{30,60}/y],
  ['groq-key', ['gsk_'], /gsk_[A-Za-z0-9]{40,64}/y],
  ['xai-key', ['xai-'], /xai-[A-Za-z0-9]{60,100}/y],
  ['replicate-token', ['r8_'], /r8_[A-Za-z0-9]{30,50}/y],
  ['tavily-key', ['tvly-'], /tvly-[\w-]{20,60}/y],
  ['sendgrid-key', ['sg.'], /SG\.[\w-]{16,32}\.[\w-]{16,64}/y],
  ['mailgun-key', ['key-', 'pubkey-'], /(?:pub)?key-[0-9a-f]{32}(?![0-9a-f])/y],
  ['twilio-key', hexAnchors, /(?:SK|AC)[0-9a-f]{32}(?![0-9a-f])/y],
  ['vault-token', ['hvs.', 'hvb.', 'hvr.'], /hv[sbr]\.[\w-]{24,300}/y],
  ['vault-token', ['s.'], /s\.(?=\w{0,24}\d)(?=\w{0,24}[A-Z])[A-Za-z0-9]{24}(?!\w)/y],
  ['vercel-token', ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'], /vc[piark]_[A-Za-z0-9]{20,60}/y],
  ['figma-token', ['figd_', 'figu_'], /fig[du]_[\w-]{40,200}/y],
  ['notion-token', ['ntn_', 'secret_'], /(?:ntn_[A-Za-z0-9]{40,60}|secret_[A-Za-z0-9]{43})(?![A-Za-z0-9])/y],
  ['airtable-token', ['pat'], /pat[A-Za-z0-9]{14}\.[0-9a-f]{64}/y],
  ['crates-token', ['cio'], /cio[A-Za-z0-9]{32}(?![A-Za-z0-9])/y],
  ['nuget-key', ['oy2'], /oy2[a-z0-9]{43}/y],
  ['clojars-token', ['clojars_'], /CLOJARS_[0-9a-z]{60}/y],
  ['heroku-key', ['hrku-'], /HRKU-[\w-]{36,70}/y],
  ['render-key', ['rnd_'], /rnd_[A-Za-z0-9]{28,40}/y],
  ['resend-key', ['re_'], /re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,30}/y],
  ['buildkite-token', ['bkua_', 'bkpt_'], /bk(?:ua|pt)_[0-9a-f]{40}/y],
  ['adafruit-key', ['aio_'], /aio_[A-Za-z0-9]{28}/y],
  ['artifactory-token', ['akcp', 'cmvmdgtu'], /(?:AKCp[A-Za-z0-9]{60,80}|cmVmdGtu[A-Za-z0-9]{50,64})/y],
  ['alibaba-key', ['ltai'], /LTAI[A-Za-z0-9]{16,26}(?![A-Za-z0-9])/y],
  ['tencent-key', ['akid'], /AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])/y],
  ['square-token', ['eaaa'], /EAAA[\w-]{60}/y],
  ['google-oauth', ['1//0'], /1\/\/0[\w-]{30,200}/y],
  ['typeform-token', ['tfp_'], /tfp_[\w.=-]{40,64}/y],
  ['prefect-key', ['pnu_'], /pnu_[A-Za-z0-9]{36}/y],
  ['readme-key', ['rdme_'], /rdme_[a-z0-9]{60,80}/y],
  ['sourcegraph-token', ['sgp_'], /sgp_(?:[0-9a-fA-F]{16}_|local_)?[0-9a-fA-F]{40}/y],
  ['dropbox-token', ['sl.'], /sl\.[\w-]{100,400}/y],
  ['cloudflare-key', ['v1.0-'], /v1\.0-[0-9a-f]{24}-[0-9a-f]{146}/y],
  ['ngrok-key', ['cr_', 'ak_'], /(?:cr|ak)_[0-9A-Za-z]{27}(?![A-Za-z0-9])/y],
  ['lob-key', ['live_', 'test_'], /(?:live|test)_[0-9a-f]{35}(?![0-9a-f])/y],
  ['cursor-key', ['key_'], /key_[0-9a-f]{60,70}/y],
  ['grafana-token', ['eyjrijoi'], /eyJrIjoi[A-Za-z0-9+/=]{60,400}/y],
  [
    'jwt',
    ['eyj'],
    /eyJ[\w-]{8,4000}\.(?:eyJ[\w-]{8,8000}\.[\w-]{0,1500}|[\w-]{0,2000}\.[\w-]{10,2000}\.[\w-]{10,8000}\.[\w-]{10,500})/y,
  ],
];

/** With their anchor in the middle. */
const middle: readonly SecretRule[] = [
  middleRule('openai-key', /sk-[\w-]{16,160}T3BlbkFJ[\w-]{16,160}/y, {
    anchors: ['t3blbkfj'],
    back: [19, 170],
  }),
  middleRule('stripe-key', /[srp]k_(?:live|test|prod)_[A-Za-z0-9]{10,200}/y, {
    anchors: ['k_live_', 'k_test_', 'k_prod_'],
    back: [1, 1],
  }),
  middleRule('mailchimp-key', /[0-9a-f]{32}-us\d{1,2}(?!\d)/y, { anchors: ['-us'], back: [32, 32] }),
  middleRule('azure-secret', /[\w.~-]{3}\dQ~[\w.~-]{31,34}/y, { anchors: ['q~'], back: [4, 4] }),
  middleRule('telegram-token', /\d{8,10}:AA[\w-]{32,34}/y, { anchors: [':aa'], back: [8, 10] }),
  middleRule('discord-token', /[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}/y, {
    anchors: ['.g', '.x', '.y', '.z', '.w', '.d', '.c'],
    back: [24, 28],
  }),
  middleRule('firebase-key', /AAAA[\w-]{7}:APA91b[\w-]{100,180}/y, { anchors: [':apa91b'], back: [11, 11] }),
  middleRule('terraform-token', /[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}/y, {
    anchors: ['.atlasv1.'],
    back: [14, 14],
  }),
];

/** Tokens that show by their form alone what they are. */
export const tokenRules: readonly SecretRule[] = [
  ...anywhere.map(([kind, anchors, pattern]) => startRule(kind, pattern, { anchors })),
  ...alone.map(([kind, anchors, pattern]) => startRule(kind, pattern, { anchors, alone: true })),
  ...middle,
];
