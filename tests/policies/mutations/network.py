"""Encryption in transit and the network: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import Mutation, add, drop, link, put, remove
from tests.policies.specimens import access, data
from tests.policies.support import Specimen

_IN_A = (
    "sagemaker/model 'model'",
    "sagemaker/model 'preprocess-model'",
    "sagemaker/dataQualityJobDefinition 'data-quality'",
    "sagemaker/domain 'studio'",
    "sagemaker/notebookInstance 'notebook'",
    "lambda/function 'rollback'",
    "ecs/service 'service'",
    "eks/nodeGroup 'nodes'",
)
LEAK = [f"{subject}: from its subnets private-a a route leads to an internet gateway" for subject in _IN_A]
INLINE = [
    f"{subject}: from its subnets private-b a route leads to an internet gateway"
    for subject in _IN_A
    if "notebook" not in subject
]

# What the specimens need each endpoint for.
_NEEDED_BY = {
    "s3": "lambda/function 'rollback'",
    "secretsmanager": "lambda/function 'rollback'",
    "sns": "lambda/function 'rollback'",
    "sagemaker.api": "lambda/function 'rollback'",
    "sagemaker.featurestore-runtime": "sagemaker/pipeline 'churn-prod'",
    "ecr.api": "ecs/service 'service'",
    "ecr.dkr": "ecs/service 'service'",
    "logs": "ecs/service 'service'",
    "ec2": "eks/nodeGroup 'nodes'",
    "sts": "eks/cluster 'kubernetes'",
}

MUTATIONS = [
    Mutation(
        remove("raw-policy"),
        {"s3-bucket-tls-only": "s3/bucket 'raw': no bucketPolicy is attached, so plain HTTP is accepted"},
    ),
    Mutation(
        put(
            "raw-policy",
            "policy",
            access.document({"Action": "s3:GetObject", "Resource": "*", "Principal": {"AWS": "111122223333"}}),
        ),
        {"s3-bucket-tls-only": "s3/bucket 'raw': its bucketPolicy has no statement that denies requests without TLS"},
    ),
    # Denies on another bucket, and under a further condition, deny nothing here.
    *(
        Mutation(
            put("raw-policy", "policy", document),
            {
                "s3-bucket-tls-only": (
                    "s3/bucket 'raw': its bucketPolicy has no statement that denies requests without TLS"
                )
            },
        )
        for document in (
            data.bucket_policy("111122223333-prod-other"),
            data.bucket_policy("111122223333-prod-raw").replace(
                '"Bool": ', '"StringEquals": {"aws:PrincipalAccount": "111122223333"}, "Bool": '
            ),
        )
    ),
    Mutation(
        put("one-off-training", "enableInterContainerTrafficEncryption", False),
        {"sagemaker-inter-container-encryption": "enableInterContainerTrafficEncryption is false; it must be true"},
    ),
    Mutation(
        drop("data-quality", "networkConfig.enableInterContainerTrafficEncryption"),
        {
            "sagemaker-inter-container-encryption": (
                "networkConfig.enableInterContainerTrafficEncryption is not set; it must be true"
            ),
        },
    ),
    Mutation(
        put(
            "inline-schedule",
            "monitoringScheduleConfig.monitoringJobDefinition.networkConfig.enableInterContainerTrafficEncryption",
            False,
        ),
        {
            "sagemaker-inter-container-encryption": (
                "monitoringScheduleConfig.monitoringJobDefinition.networkConfig."
                "enableInterContainerTrafficEncryption is false; it must be true"
            )
        },
    ),
    Mutation(
        put("redirect-listener", "defaultActions.0.redirect.protocol", "HTTP"),
        {"alb-listener-https": 'defaultActions[0].redirect.protocol is "HTTP"; it must be "HTTPS"'},
    ),
    Mutation(
        drop("redirect-listener", "defaultActions"),
        {"alb-listener-https": 'protocol is "HTTP"; it must be "HTTPS" or "TLS"'},
    ),
    Mutation(
        put("listener", "sslPolicy", "ELBSecurityPolicy-2016-08"),
        {
            "alb-listener-tls-policy": (
                'sslPolicy is "ELBSecurityPolicy-2016-08"; it must be ELBSecurityPolicy-TLS13-1-2-2021-06 '
                "or a stricter one"
            )
        },
    ),
    Mutation(
        put("listener", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"),
        {
            "alb-listener-tls-policy": (
                'sslPolicy is "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"; it must be '
                "ELBSecurityPolicy-TLS13-1-2-2021-06 or a stricter one"
            )
        },
    ),
    Mutation(
        put("targets", "protocol", "HTTP"),
        {"alb-target-group-https": 'protocol is "HTTP"; it must be "HTTPS" or "TLS"'},
    ),
    Mutation(
        put("task", "volumes.0.efsVolumeConfiguration.transitEncryption", "DISABLED"),
        {
            "ecs-efs-transit-encryption": (
                'volumes[0].efsVolumeConfiguration.transitEncryption is "DISABLED"; it must be "ENABLED"'
            )
        },
    ),
    Mutation(
        put("build", "source.insecureSsl", True),
        {"codebuild-no-insecure-ssl": "source.insecureSsl is true; it must be false"},
    ),
    Mutation(
        drop("model", "vpcConfig"),
        {
            "sagemaker-model-in-vpc": [
                "vpcConfig.subnets is not set; it must be a list of private subnets",
                "vpcConfig.securityGroupIds is not set; it must be a list of security groups",
            ]
        },
    ),
    Mutation(
        put("model", "enableNetworkIsolation", False),
        {"sagemaker-model-network-isolation": "enableNetworkIsolation is false; it must be true"},
    ),
    Mutation(
        put("data-quality", "networkConfig.enableNetworkIsolation", False),
        {"sagemaker-job-network-isolation": "networkConfig.enableNetworkIsolation is false; it must be true"},
    ),
    Mutation(
        drop("one-off-training", "vpcConfig"),
        {"sagemaker-job-network-isolation": "vpcConfig.subnets is not set; it must be a list of private subnets"},
    ),
    Mutation(
        drop(
            "inline-schedule", "monitoringScheduleConfig.monitoringJobDefinition.networkConfig.enableNetworkIsolation"
        ),
        {
            "sagemaker-job-network-isolation": (
                "monitoringScheduleConfig.monitoringJobDefinition.networkConfig."
                "enableNetworkIsolation is not set; it must be true"
            )
        },
    ),
    Mutation(
        put("studio", "appNetworkAccessType", "PublicInternetOnly"),
        {"sagemaker-domain-vpc-only": 'appNetworkAccessType is "PublicInternetOnly"; it must be "VpcOnly"'},
    ),
    Mutation(
        put("notebook", "directInternetAccess", "Enabled"),
        {"notebook-no-direct-internet": 'directInternetAccess is "Enabled"; it must be "Disabled"'},
    ),
    Mutation(
        put("private-a", "mapPublicIpOnLaunch", True),
        {"subnet-no-auto-public-ip": "mapPublicIpOnLaunch is true; it must be false"},
    ),
    Mutation(
        put("workloads", "ingress.0.cidrBlocks", ["0.0.0.0/0"]),
        {"security-group-no-open-ingress": 'ingress[0].cidrBlocks[0] is "0.0.0.0/0"; it must be a narrower CIDR block'},
    ),
    Mutation(
        put("legacy-rule", "cidrBlocks", ["0.0.0.0/0"]),
        {"security-group-no-open-ingress": 'cidrBlocks[0] is "0.0.0.0/0"; it must be a narrower CIDR block'},
    ),
    Mutation(
        put("https-in", "cidrIpv4", "0.0.0.0/0"),
        {"security-group-no-open-ingress": 'cidrIpv4 is "0.0.0.0/0"; it must be a narrower CIDR block'},
    ),
    Mutation(
        put("workloads", "egress.0", {"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"], "description": "All"}),
        {
            "security-group-restricted-egress": (
                'egress[0].cidrBlocks[0] is "0.0.0.0/0"; it must be a narrower CIDR block'
            ),
        },
    ),
    Mutation(
        put("https-out", "ipProtocol", "-1").then(put("https-out", "cidrIpv4", "0.0.0.0/0")),
        {"security-group-restricted-egress": 'cidrIpv4 is "0.0.0.0/0"; it must be a narrower CIDR block'},
    ),
    # Other spellings of the whole internet, and its half.
    *(
        Mutation(
            put("https-in", key, block),
            {"security-group-no-open-ingress": f'{key} is "{block}"; it must be a narrower CIDR block'},
        )
        for key, block in (("cidrIpv6", "0::0/0"), ("cidrIpv6", "2000::/3"), ("cidrIpv4", "128.0.0.0/1"))
    ),
    Mutation(
        put("legacy-rule-out", "protocol", "-1"),
        {"security-group-restricted-egress": 'cidrBlocks[0] is "0.0.0.0/0"; it must be a narrower CIDR block'},
    ),
    Mutation(
        put("legacy-rule-out", "fromPort", 0.0).then(put("legacy-rule-out", "toPort", 65535.0)),
        {"security-group-restricted-egress": 'cidrBlocks[0] is "0.0.0.0/0"; it must be a narrower CIDR block'},
    ),
    Mutation(
        drop("https-out", "description"),
        {"security-group-rule-description": "description is not set; it must be a sentence that says what it is for"},
    ),
    Mutation(
        drop("workloads", "egress.0.description"),
        {
            "security-group-rule-description": (
                "egress[0].description is not set; it must be a sentence that says what it is for"
            )
        },
    ),
    Mutation(
        put("workloads", "description", "Managed by Pulumi"),
        {
            "security-group-rule-description": (
                'description is "Managed by Pulumi"; it must be a sentence that says what it is for'
            ),
        },
    ),
    Mutation(
        drop("https-in", "description"),
        {"security-group-rule-description": "description is not set; it must be a sentence that says what it is for"},
    ),
    Mutation(
        remove("default-group"),
        {
            "default-security-group-closed": (
                "ec2/vpc 'vpc': no defaultSecurityGroup is declared for it, so the open one of AWS stays"
            )
        },
    ),
    Mutation(
        put("default-group", "ingress", [{"protocol": "-1"}]),
        {"default-security-group-closed": "ingress is a list of 1; it must be empty"},
    ),
    *(
        Mutation(
            remove(f"endpoint-{service}"),
            {"vpc-endpoints-required": f"ec2/vpc 'vpc': it has no endpoint for {service}, which {caller} needs"},
        )
        for service, caller in _NEEDED_BY.items()
    ),
    *(
        Mutation(
            remove(f"endpoint-{service}").then(add(Specimen(called, "registry"))),
            {
                "vpc-endpoints-required": (
                    f"ec2/vpc 'vpc': it has no endpoint for {service}, which lambda/function 'rollback' needs"
                )
            },
        )
        for service, called in (("dynamodb", "dynamodb/table"), ("ssm", "ssm/parameter"))
    ),
    Mutation(
        put("endpoint-sts", "privateDnsEnabled", False),
        {"vpc-endpoints-required": "privateDnsEnabled is false; it must be true"},
    ),
    Mutation(
        drop("endpoint-sns", "policy"),
        {"vpc-endpoint-policy-scoped": "policy is not set, so the endpoint admits every principal to every resource"},
    ),
    Mutation(
        put("endpoint-sns", "policy", access.document({"Principal": "*", "Action": "*", "Resource": "*"})),
        {"vpc-endpoint-policy-scoped": "policy statement 1 admits every principal to every resource"},
    ),
    Mutation(
        drop("rollback", "vpcConfig"),
        {"lambda-in-vpc": "vpcConfig.subnetIds is not set; it must be a list of private subnets"},
    ),
    Mutation(
        put("kubernetes", "vpcConfig.endpointPublicAccess", True),
        {"eks-private-endpoint": "vpcConfig.endpointPublicAccess is true; it must be false"},
    ),
    Mutation(
        put("kubernetes", "vpcConfig.publicAccessCidrs", ["0.0.0.0/0"]),
        {"eks-private-endpoint": 'vpcConfig.publicAccessCidrs[0] is "0.0.0.0/0"; it must be a narrower CIDR block'},
    ),
    Mutation(
        drop("nodes", "remoteAccess.sourceSecurityGroupIds"),
        {"eks-node-no-ssh": "remoteAccess.sourceSecurityGroupIds is not set; it must be a list of security groups"},
    ),
    Mutation(
        link(
            "model",
            "vpcConfig",
            {"subnets": ["public-a", "private-b"], "securityGroupIds": ["workloads"]},
            ["public-a", "private-b", "workloads"],
        ),
        {
            "workload-in-private-subnets": "from its subnets public-a a route leads to an internet gateway",
        },
    ),
    Mutation(
        add(
            Specimen(
                "ec2/route",
                "leak",
                {"routeTableId": "routes-a", "gatewayId": "gateway"},
                {"routeTableId": ["routes-a"], "gatewayId": ["gateway"]},
            )
        ),
        {"workload-in-private-subnets": LEAK},
    ),
    # A subnet with no association takes the main table of its VPC, which three resources can describe.
    *(
        Mutation(
            remove("association-a").then(add(*main)),
            {
                "workload-in-private-subnets": [
                    f"{subject}: from its subnets private-a a route leads to an internet gateway" for subject in _IN_A
                ]
            },
        )
        for main in (
            (
                Specimen(
                    "ec2/defaultRouteTable",
                    "main",
                    {"defaultRouteTableId": "rtb-1", "routes": [{"gatewayId": "gateway"}]},
                    {"defaultRouteTableId": ["vpc"], "routes": ["gateway"]},
                ),
            ),
            (
                Specimen(
                    "ec2/mainRouteTableAssociation",
                    "main",
                    {"vpcId": "vpc", "routeTableId": "routes-public"},
                    {"vpcId": ["vpc"], "routeTableId": ["routes-public"]},
                ),
            ),
            (
                Specimen(
                    "ec2/route",
                    "main",
                    {"routeTableId": "rtb-1", "gatewayId": "gateway"},
                    {"routeTableId": ["vpc"], "gatewayId": ["gateway"]},
                ),
            ),
        )
    ),
    Mutation(
        put("routes-b", "routes", [{"gatewayId": "igw-0123456789abcdef0"}]), {"workload-in-private-subnets": INLINE}
    ),
]
