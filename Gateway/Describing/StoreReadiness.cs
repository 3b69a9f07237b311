using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Builds.Gateway.Describing;

/// <summary>Ready means that the store can be read: then a trigger can be accepted.</summary>
public sealed class StoreReadiness(GatewayStore store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        store.Read(db => db.ExecuteScalar<long>("select count(*) from schemaversions"));
        return Task.FromResult(HealthCheckResult.Healthy());
    }
}
