package config

import (
	"slices"
	"strings"
)

// Why a key has no effect.
const (
	noHTTP       = "there is no HTTP server; mntr has the counters"
	noTLS        = "there is no TLS yet"
	noSASL       = "there is no SASL"
	noThrottle   = "connections and requests are bounded by maxClientCnxns, maxCnxns and globalOutstandingLimit"
	javaOnly     = "it tunes the threads and buffers of a Java server"
	debugOnly    = "it switches a debugging aid that is not there"
	ownFiles     = "it tunes files that are kept in another way here"
	ownPeers     = "servers share one connection each way, and peerTimeout bounds their silence"
	ownSync      = "the leader chooses how a server catches up, and bounds what that costs"
	oneAddress   = "a server has one address here"
	noSessions   = "all sessions are global"
	clientOnly   = "it is read by clients, not by servers"
	readByNobody = "no ZooKeeper server reads it"
)

// inert is a rule for a key without effect. The values that ask for what
// happens anyway, in lower case, are passed over in silence.
func inert(reason string, harmless ...string) rule {
	return func(p *parser, e entry) {
		if !slices.Contains(harmless, strings.ToLower(e.value)) {
			p.warn(e, "ignored: "+reason)
		}
	}
}

// inertKeys has the known keys that cost neither safety nor access control.
var inertKeys = []struct {
	reason string
	keys   []string
}{
	{noTLS, []string{"serverCnxnFactory", "fips-mode"}},
	{noSASL, []string{
		"superUser", "letAnySaslUserDoX", "kinit", "security.auth_to_local", "requireKerberosConfig",
		"quorum.cnxn.threads.size", "allowSaslFailedClients",
	}},
	{noThrottle, []string{
		"connectionMaxTokens", "connectionTokenFillTime", "connectionTokenFillCount", "connectionFreezeTime",
		"connectionDropIncrease", "connectionDropDecrease", "connectionDecreaseRatio",
		"requestThrottleLimit", "requestThrottleStallTime", "requestThrottleDropStale", "requestStaleLatencyCheck",
		"requestStaleConnectionCheck", "throttledOpWaitTime", "throttled_op_wait_time", "request_throttle_max_requests",
		"request_throttle_stall_time", "request_throttle_drop_stale", "request_stale_latency_check",
		"request_stale_connection_check", "request_throttler.shutdownTimeout", "largeRequestMaxBytes",
		"largeRequestThreshold",
	}},
	{javaOnly, []string{
		"maxResponseCacheSize", "maxGetChildrenResponseCacheSize", "intBufferStartingSizeBytes", "bitHashCacheSize",
		"watchManagerName", "watchManaggerName", "watcherCleanThreadsNum", "watcherCleanThreshold",
		"watcherCleanIntervalInSeconds", "maxInProcessingDeadWatchers", "advancedFlowControlEnabled",
		"outstandingHandshake.limit", "jmx.log4j.disable", "jmx.log4j.mbean", "log.dir", "log.file", "log.threshold",
		"root.logger", "console.threshold",
	}},
	{debugOnly, []string{"traceFile", "fsync.warningthresholdms", "testingonly.initialZxid"}},
	{ownFiles, []string{
		"preAllocSize", "snapSizeLimitInKb", "txnLogSizeLimitInKb", "commitLogCount", "snapshotSizeFactor",
		"flushDelay", "maxWriteQueuePollTime", "maxBatchSize", "serializeLastProcessedZxid.enabled",
		"jute.maxbuffer.extrasize",
	}},
	{ownPeers, []string{
		"connectToLearnerMasterLimit", "observerMasterPort", "cnxTimeout", "quorumCnxnTimeoutMs", "electionPort",
		"electionPortBindRetry", "tcpKeepAlive", "maxTimeToWaitForEpoch", "leaderConnectDelayDuringRetryMs",
		"forward_learner_requests_to_commit_processor_disabled", "skipLearnerRequestToNextProcessor",
	}},
	{ownSync, []string{"maxConcurrentSnapSyncs", "maxConcurrentDiffSyncs", "forceSnapshotSync"}},
	{clientOnly, []string{
		"server.principal", "server.realm", "client.secure", "clientCnxnSocket", "disableAutoWatchReset",
		"request.timeout",
	}},
	{readByNobody, []string{"requireClientAuthScheme", "jaasLoginRenew", "clientPortBindAddress"}},
}

func inertRules() map[string]rule {
	t := map[string]rule{
		"readonlymode.enabled":          inert("a server without a quorum does not serve reads yet", "false"),
		"admin.enableServer":            inert(noHTTP, "false"),
		"audit.enable":                  inert("there is no audit log yet", "false"),
		"jvm.pause.monitor":             inert(javaOnly, "false"),
		"localSessionsEnabled":          inert(noSessions, "false"),
		"localSessionsUpgradingEnabled": inert(noSessions, "false"),
		"portUnification":               inert("between servers all is TLS with sslQuorum=true, and nothing without", "false"),
		"sslQuorumReloadCertFiles":      inert("certificates are read at the start", "false"),
		"multiAddress.enabled":          inert(oneAddress, "false"),
		"leaderServes":                  inert("the leader serves clients, too", "yes", "true"),
		"initialConfig":                 inert("the server lines are read from this file at every start"),
		"syncEnabled":                   inert("observers log what they learn", "true"),
		"observer.syncEnabled":          inert("observers log what they learn", "true"),
		"reconfigEnabled":               inert("servers cannot be added or removed while running yet", "false"),
		"standaloneEnabled":             inert("a server alone is always standalone", "true"),
		"db.autocreate":                 inert("a server without data never votes as if it had lost none", "true", "false"),
		"snapshot.trust.empty":          inert(ownFiles, "false"),
		"digest.enabled":                inert("the digest of the tree is always kept", "true"),
		"closeSessionTxn.enabled":       inert("closing a session always logs what it removes", "true"),
		"enableEagerACLCheck":           inert("ACLs are always checked, once, in zxid order", "false"),
		"emulate353TTLNodes":            inert("TTL nodes are kept as since 3.5.4", "false"),
	}
	for _, group := range inertKeys {
		for _, key := range group.keys {
			t[key] = inert(group.reason)
		}
	}
	return t
}
